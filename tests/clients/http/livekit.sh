#!/usr/bin/env bash
# Calls phones by HTTP alone, with the requests that LiveKit's command line `lk` sends, as JSON.
# Its argument names what to do; it prints what came of it as one line of JSON.
set -euo pipefail

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# A token as `lk` signs one for each command: good for this room and for calls.
token() {
  local now header claims
  now=$(date +%s)
  header=$(printf '{"alg":"HS256","typ":"JWT"}' | base64url)
  claims=$(printf '{"iss":"%s","nbf":%d,"exp":%d,"video":{"room":"%s","roomAdmin":true,"roomCreate":true,"roomList":true},"sip":{"admin":true,"call":true}}' \
    "$LIVEKIT_API_KEY" "$now" $((now + 300)) "$ROOM" | base64url)
  printf '%s.%s.%s' "$header" "$claims" "$(printf '%s.%s' "$header" "$claims" |
    openssl dgst -sha256 -hmac "$LIVEKIT_API_SECRET" -binary | base64url)"
}

# ask SERVICE/METHOD BODY: the answer, whatever its status; the status goes to the file $status.
ask() {
  curl --silent --show-error --max-time 60 --output - --write-out '%{stderr}%{http_code}' \
    --header "Authorization: Bearer $(token)" --header 'Content-Type: application/json' \
    --data "$2" "$LIVEKIT_URL/twirp/livekit.$1" 2>"$status"
}

# The same, where anything but a success ends the program.
must() {
  local answer
  answer=$(ask "$@")
  if [ "$(cat "$status")" != 200 ]; then
    printf '%s\n' "$1: $(cat "$status") $answer" >&2
    exit 1
  fi
  printf '%s' "$answer"
}

# Every value of a field of the JSON on standard input, one a line.
field() { grep -oE "\"$1\": ?\"[^\"]*\"" | sed -E 's/^"[^"]*": ?"(.*)"$/\1/'; }

# The first of them, or nothing.
first() { field "$1" | head -n 1 || true; }

# Lines as a JSON array, in order.
array() { sort | sed 's/.*/"&"/' | paste -sd, | sed 's/.*/[&]/'; }

dial_body() {
  printf '{"sip_trunk_id":"%s","sip_call_to":"%s","room_name":"%s","participant_identity":"%s","wait_until_answered":%s}' \
    "$SIP_TRUNK_ID" "$1" "$ROOM" "${2:-phone}" "${3:-true}"
}

# lk sip participant create --wait
dial() { must SIP/CreateSIPParticipant "$(dial_body "$@")"; }

# lk room participants list
present() { must RoomService/ListParticipants "{\"room\":\"$ROOM\"}" | field identity; }

answered() { printf '{"participant":"%s"}' "$(dial +15005550100 | first participant_identity)"; }

busy() {
  local answer
  answer=$(ask SIP/CreateSIPParticipant "$(dial_body +15005550101)")
  printf '{"sip_status_code":%d,"sip_status":"%s","code":"%s"}' \
    "$(first sip_status_code <<<"$answer")" "$(first sip_status <<<"$answer")" "$(first code <<<"$answer")"
}

# lk sip participant transfer
hand_over() {
  dial +15005550100 >/dev/null
  must SIP/TransferSIPParticipant \
    "{\"room_name\":\"$ROOM\",\"participant_identity\":\"phone\",\"transfer_to\":\"$1\"}" >/dev/null
  printf '{"transferred":true}'
}

transfer() { hand_over tel:+15005550100; }

transfer_sip() { hand_over sip:+15005550100@pbx.example.com; }

poll() {
  local told
  dial +15005550100 phone false >/dev/null
  while :; do
    # lk room participants get
    told=$(must RoomService/GetParticipant "{\"room\":\"$ROOM\",\"identity\":\"phone\"}" | first sip.callStatus)
    case $told in active | hangup) break ;; esac
    sleep 0.1
  done
  printf '{"status":"%s"}' "$told"
}

both() {
  dial +15005550100 >/dev/null
  dial "$1" second >/dev/null
}

second() {
  both +15005550100
  printf '{"participants":%s}' "$(present | array)"
}

# lk room participants remove
remove() {
  both +15005550100
  must RoomService/RemoveParticipant "{\"room\":\"$ROOM\",\"identity\":\"second\"}" >/dev/null
  printf '{"participants":%s}' "$(present | array)"
}

# lk room delete, lk room list
delete_room() {
  both +15005550108
  while present | grep -qx second; do sleep 0.1; done
  must RoomService/DeleteRoom "{\"room\":\"$ROOM\"}" >/dev/null
  printf '{"rooms":[%s]}' "$(must RoomService/ListRooms "{\"names\":[\"$ROOM\"]}" | field name)"
}

# lk dispatch create, lk sip participant create --wait, lk dispatch list, lk dispatch delete
agent() {
  local dispatch there
  dispatch=$(must AgentDispatchService/CreateDispatch \
    "{\"room\":\"$ROOM\",\"agent_name\":\"agent-comes\",\"metadata\":\"+15005550100\"}" | first id)
  dial +15005550100 >/dev/null
  until there=$(present | sed 's/^agent-.*/agent/') && grep -qx agent <<<"$there"; do sleep 0.1; done
  must AgentDispatchService/ListDispatch "{\"room\":\"$ROOM\"}" | field id | grep -qx "$dispatch"
  must AgentDispatchService/DeleteDispatch "{\"room\":\"$ROOM\",\"dispatch_id\":\"$dispatch\"}" >/dev/null
  while present | grep -q '^agent-'; do sleep 0.1; done
  printf '{"dispatch":"%s","joined":%s,"left":%s}' "$dispatch" \
    "$(array <<<"$there")" "$(present | array)"
}

bad_key() {
  local answer
  answer=$(ask SIP/CreateSIPParticipant "$(dial_body +15005550100)")
  printf '{"code":"%s","status":%d}' "$(first code <<<"$answer")" "$(cat "$status")"
}

status=$(mktemp)
trap 'rm -f "$status"' EXIT
"$1"
