# Text that leaves the keeper: JSON strings, times, log lines. Nothing here ever sees key material.

# json TEXT: a quoted JSON string on one line; whatever is not printable becomes a space.
json() {
  local text=${1//[[:cntrl:]]/ }
  text=${text//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# now: UTC, in the form in which `openssl x509 -dateopt iso_8601` prints dates, so that both compare as strings.
now() {
  TZ=UTC0 printf '%(%Y-%m-%d %H:%M:%SZ)T' -1
}

iso() {
  printf '%s' "${1/ /T}"
}

# log EVENT RELEASE [REASON]
log() {
  local reason=''
  [[ -z ${3:-} ]] || reason=",\"reason\":$(json "$3")"
  printf '{"time":"%s","component":"keeper","event":"%s","release":%s%s}\n' \
    "$(iso "$(now)")" "$1" "$([[ -n $2 ]] && json "$2" || printf null)" "$reason" >&2
}
