#!/usr/bin/env bash
# Builds installable packages of the API's stubs, with the retry policy of docs/service-config.json and the
# version of pyproject.toml: clients.sh [go|maven|npm|python|rust]…; without one all. Leaves each in
# dist/clients/LANGUAGE (CLIENTS_OUT: another folder than dist/clients), and in `source` there what it was
# packed from. Rust is the one language that it does not install.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

root=$PWD
python=${PYTHON:-.venv/bin/python}
case $python in /*) ;; *) python=$root/$python ;; esac
out=$(mkdir -p "${CLIENTS_OUT:-dist/clients}" && cd "${CLIENTS_OUT:-dist/clients}" && pwd)
version=${CLIENT_VERSION:-$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml | head -n 1)}
go_module=${CLIENT_GO_MODULE:-call-gateway.example/client}
protoc_gen_go=v1.36.12
protoc_gen_go_grpc=v1.6.2

# generate PACKAGE TOOLS FOLDER: writes the stubs that buf.gen.yaml names for a package into the folder, by
# plugins among the tools.
generate() {
  local entries
  entries=$("$python" "$root/tests/clients/entries.py" "$1")
  PATH="$2:$PATH" "$root/scripts/buf.sh" generate --template "$entries" -o "$3" "$root/proto"
}

package_python() {
  mkdir gateway
  cp -r "$root/gateway/telephony" gateway
  find gateway -name __pycache__ -prune -exec rm -r {} +
  cp "$root/docs/service-config.json" call_gateway_client
  "$python" -m hatchling build --target wheel --directory "$1"
}

package_go() {
  GOBIN=$1/tools go install "google.golang.org/protobuf/cmd/protoc-gen-go@$protoc_gen_go"
  GOBIN=$1/tools go install "google.golang.org/grpc/cmd/protoc-gen-go-grpc@$protoc_gen_go_grpc"
  cp "$root/docs/service-config.json" .
  generate go "$1/tools" "$PWD"
  rm -r "$1/tools"
  sed -i "s|call-gateway.example/client|$go_module|" go.mod README.md
  go vet ./...
  "$python" "$root/scripts/go_proxy.py" "$go_module" "v$version" . "$1/proxy"
}

need_npm() { need_node; }

package_npm() {
  cp "$root/docs/service-config.json" .
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
  generate npm "$PWD/node_modules/.bin" "$PWD/src"
  npm run --silent build
  npm pack --silent --pack-destination "$1"
  rm -r node_modules
}

need_maven() { need_java; }

package_maven() {
  cp -r "$root/proto" .
  mkdir -p src/main/resources/gateway/client
  cp "$root/docs/service-config.json" src/main/resources/gateway/client
  mvn -B -q -Dstyle.color=never package
  cp pom.xml "target/call-gateway-client-$version.jar" "$1"
}

package_rust() {
  cp "$root/docs/service-config.json" .
  cp -r "$root/proto" .
  cargo package --quiet --no-verify --allow-dirty --target-dir "$1/target"
  mv "$1"/target/package/*.crate "$1"
  rm -r "$1/target"
}

if (($# == 0)); then set -- go maven npm python rust; fi
for language in "$@"; do
  if ! [ -d "clients/$language" ]; then
    say "clients: there is no package for $language"
    exit 1
  fi
  if [ "$language" = rust ] && ! has_rust; then
    say "clients: no Rust on this machine, so no crate"
    continue
  fi
  rm -rf "${out:?}/$language"
  mkdir -p "$out/$language"
  cp -r "clients/$language" "$out/$language/source"
  # Which the templates have as 0.0.0.
  find "$out/$language/source" -maxdepth 1 \( -name 'p*.toml' -o -name Cargo.toml -o -name 'package*.json' -o -name pom.xml \) \
    -exec sed -i "s|\([\">]\)0\.0\.0\([\"<]\)|\1$version\2|" {} +
  (
    if declare -F "need_$language" >/dev/null; then "need_$language"; fi
    cd "$out/$language/source"
    "package_$language" "$out/$language"
  ) >&2
  say "clients: $out/$language"
done
