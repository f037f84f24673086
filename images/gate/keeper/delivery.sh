# From the volume to the server: a release is taken whole or not at all.

PATIENCE=20            # seconds without a change in the volume after which an incomplete release is refused
RETRY=60               # seconds after which a refused release is looked at again: a certificate may have become valid
SEEN='' CHANGED=0 TRIED=0
ACTIVE_ENDPOINTS=()
STAGE=''               # how far the candidate came: read | check | try | activate

# consider: looks at the volume and does what there is to do.
consider() {
  local asked=''
  [[ ! -e $RUN/again ]] || asked=yes
  look "$asked"
  [[ -z $asked ]] || rm -f "$RUN/again"
}

# again: the command. Has the keeper look once more at a release that it refused, and waits until it has: what was wrong
# may have been mended since, and nobody who runs an update shall wait for the keeper's own next look.
again() {
  local deadline=$((SECONDS + 20))
  : >"$RUN/again"
  echo again >"$RUN/events"
  while [[ -e $RUN/again ]] && ((SECONDS < deadline)); do sleep 0.1; done
}

# look ASKED: somebody has asked for it, if not empty.
look() {
  local seen
  seen=$(cd "$TRUST" && stat --format '%n %i %s %Z' -- * 2>/dev/null) || true
  if [[ $seen != "$SEEN" ]]; then
    SEEN=$seen CHANGED=$SECONDS
  elif ! worth_another_look "$1"; then
    return 0
  fi
  TRIED=$SECONDS REASON='' STAGE=read
  if read_candidate && take_candidate; then
    enter active activated
  elif [[ $STAGE == incomplete ]] && ((SECONDS - CHANGED < PATIENCE)); then
    enter pending pending "$MANIFEST_RELEASE" "$REASON"
  elif [[ -z $STOPPING ]]; then
    enter refused refused "$MANIFEST_RELEASE" "$REASON"
  fi
}

worth_another_look() {
  case $STATE in
    starting) return 0 ;;
    pending) ((SECONDS - CHANGED >= PATIENCE)) ;;
    # A release that came as far as the running server is not tried on it again and again.
    refused) [[ -n $1 ]] || { ((SECONDS - TRIED >= RETRY)) && [[ $STAGE != activate || -z $ACTIVE ]]; } ;;
    *) return 1 ;;
  esac
}

# read_candidate: the manifest, and every file as it says.
read_candidate() {
  local bad code=0
  # Without its mode: it is read-only in the volume, and this copy is written again and again.
  if ! cp --no-preserve=mode "$TRUST/manifest.json" "$RUN/candidate.json" 2>/dev/null; then
    STAGE=incomplete MANIFEST_RELEASE='' REASON='incomplete: manifest.json (missing)'
    if [[ -e $TRUST/manifest.json ]] && ! room; then REASON=$NO_ROOM; fi
    return 1
  fi
  read_manifest "$RUN/candidate.json" || code=$?
  if ((code == 2)); then
    STAGE=incomplete REASON='incomplete: manifest.json (no whole JSON)'
    return 1
  fi
  ((code == 0)) || return 1
  if bad=$(incomplete_files "$TRUST"); then
    STAGE=incomplete REASON="incomplete: $bad"
    return 1
  fi
}

# take_candidate: copy, check, try, activate.
take_candidate() {
  local directory=$RUN/releases/$MANIFEST_RELEASE bad
  if [[ $MANIFEST_RELEASE == "$ACTIVE" ]]; then
    cmp -s "$RUN/candidate.json" "$directory/manifest.json" && return 0
    REASON="manifest.json: release $ACTIVE is active with other content; new content needs a new release id"
    return 1
  fi
  if ! copy_candidate "$directory"; then
    STAGE=incomplete REASON='incomplete: the volume changed while it was read'
    room || REASON=$NO_ROOM
    forget "$directory"
    return 1
  fi
  if bad=$(incomplete_files "$directory"); then
    STAGE=incomplete REASON="incomplete: $bad"
    return 1
  fi
  STAGE=check
  check_release "$directory" || { forget "$directory"; return 1; }
  STAGE=try
  "${SERVER}_try" "$directory" || { forget "$directory"; return 1; }
  STAGE=activate
  activate "$directory" || { forget "$directory"; return 1; }
}

copy_candidate() {
  local name
  rm -rf "$1"
  mkdir -p "$1" || return 1
  for name in "${!FILES[@]}"; do
    cp --no-preserve=all "$TRUST/$name" "$1/$name" 2>/dev/null || return 1
  done
  chmod 0600 "$1"/*
  cp "$RUN/candidate.json" "$1/manifest.json" 2>/dev/null
}

# room: whether anything can still be written.
room() {
  printf x 2>/dev/null >"$RUN/room" && rm -f "$RUN/room"
}

# activate DIRECTORY: swap, start or reload, and believe only what a handshake shows; on failure all the way back.
activate() {
  local previous=$ACTIVE
  point_active "$1"
  ALIVE=server_alive
  SERVES_REASON=''
  if start_or_reload "$1" && all_serve "$1" 10 "${ENDPOINTS[@]}" && server_alive; then
    ACTIVE=$MANIFEST_RELEASE ACTIVE_ENDPOINTS=("${ENDPOINTS[@]}") EXPIRES=$NEXT_EXPIRES
    [[ -z $previous ]] || forget "$RUN/releases/$previous"
    return 0
  fi
  [[ -n $REASON ]] || REASON="after the change ${SERVES_REASON:-the server is gone}"
  go_back "$previous"
  return 1
}

start_or_reload() {
  if server_alive; then
    log reloading "$MANIFEST_RELEASE"
    "${SERVER}_reload" "$1"
  else
    "${SERVER}_start" "$1"
  fi
}

go_back() {
  local reason=$REASON
  # A companion's service reads the volume itself: there is nothing to go back to.
  [[ $SERVER != companion ]] || return 0
  if [[ -z $1 ]]; then
    "${SERVER}_stop"
    SERVER_PID=''
    rm -f "$RUN/active"
  else
    point_active "$RUN/releases/$1"
    start_or_reload "$RUN/releases/$1" || reason+="; and going back to release $1 failed: $REASON"
  fi
  REASON=$reason
}

# point_active DIRECTORY: by rename, so that no reader ever finds half of each.
point_active() {
  ln -sfn "$1" "$RUN/active.new"
  mv -fT "$RUN/active.new" "$RUN/active"
}

forget() {
  rm -rf "$1"
}
