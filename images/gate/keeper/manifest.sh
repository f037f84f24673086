# What a release says of itself. A file in the volume is believed only when the manifest's checksum of it is right.

MANIFEST_RELEASE='' MANIFEST_SERVER='' MANIFEST_SIGNAL=''
declare -A FILES=()                                     # name -> sha256
CERTIFICATES=() CLIENTS=() BUNDLES=() CRLS=()           # records, fields parted by "|"
ENDPOINTS=() TRIAL=()                                   # address|name|chain

# read_manifest FILE: fills the variables above. 1: REASON says why not. 2: no whole JSON (perhaps half written).
read_manifest() {
  local records kind rest
  MANIFEST_RELEASE='' MANIFEST_SERVER='' MANIFEST_SIGNAL=HUP
  FILES=() CERTIFICATES=() CLIENTS=() BUNDLES=() CRLS=() ENDPOINTS=() TRIAL=()
  [[ -s $1 ]] || return 2
  records=$(jq -r -f "$LIB/manifest.jq" "$1" 2>/dev/null) || return 2
  while IFS='|' read -r kind rest; do
    case $kind in
      error) REASON="manifest.json: $rest"; return 1 ;;
      release) MANIFEST_RELEASE=${rest%%|*} MANIFEST_SERVER=${rest#*|} ;;
      file) FILES[${rest%%|*}]=${rest#*|} ;;
      certificate) CERTIFICATES+=("$rest") ;;
      client) CLIENTS+=("$rest") ;;
      bundle) BUNDLES+=("$rest") ;;
      crl) CRLS+=("$rest") ;;
      endpoints) ENDPOINTS+=("$rest") ;;
      trial) TRIAL+=("$rest") ;;
      signal) MANIFEST_SIGNAL=$rest ;;
    esac
  done <<<"$records"
  if [[ $MANIFEST_SERVER != "$SERVER" ]]; then
    REASON="manifest.json: is a release for $MANIFEST_SERVER, but this container runs $SERVER"
    return 1
  fi
}

# incomplete_files DIRECTORY: prints the files that are missing or not as the manifest says; 0 if there are any.
incomplete_files() {
  local name line bad='' sums=''
  for name in "${!FILES[@]}"; do
    if [[ -L $1/$name || ! -f $1/$name ]]; then bad+="${bad:+, }$name (missing)"; else
      sums+="${FILES[$name]}  $name"$'\n'
    fi
  done
  if [[ -n $sums ]]; then
    while IFS= read -r line; do
      case $line in
        *': OK') ;;
        *': FAILED open or read') bad+="${bad:+, }${line%%:*} (not readable)" ;;
        *': FAILED') bad+="${bad:+, }${line%%:*} (not as the manifest says)" ;;
      esac
    done < <(cd "$1" && sha256sum --check 2>/dev/null <<<"${sums%$'\n'}")
  fi
  [[ -n $bad ]] || return 1
  printf '%s' "$bad"
}
