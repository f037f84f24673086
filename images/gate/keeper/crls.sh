# Revocation lists. No server looks at one before it refuses every caller by it: an expired, foreign, incomplete or wrongly
# labelled list is an outage, so all of that is found out here.

# check_crl DIRECTORY file|bundle|issuers
check_crl() {
  local file bundle issuers index names='|'
  IFS='|' read -r file bundle issuers <<<"$2"
  read_pem "$1/$file" || return 1
  local -a lists=("${PEM_TEXT[@]}") kinds=("${PEM_KIND[@]}")
  for index in "${!lists[@]}"; do
    if [[ ${kinds[index]} != 'X509 CRL' ]]; then
      REASON="$file: block $((index + 1)) is labelled \"${kinds[index]}\"; openssl reads \"X509 CRL\" alone"
      return 1
    fi
    crl_facts "${lists[index]}" || { REASON="$file: list $((index + 1)) does not parse"; return 1; }
    if [[ $names == *"|$C_ISSUER|"* ]]; then
      REASON="$file: holds two lists of $C_ISSUER; servers take the first they find, so keep the newest alone"
      return 1
    fi
    names+="$C_ISSUER|"
    check_crl_dates "$file: list $((index + 1)) ($C_ISSUER)" || return 1
  done
  check_crl_by_leaves "$1" "$file" "$bundle" || return 1
  [[ -z $issuers ]] || check_crl_by_issuers "$1" "$file" "$bundle" "$issuers" || return 1
  [[ -n $CRL_CHECKED ]] && return
  REASON="$file: cannot be checked, since the release has no certificate under $bundle and names no issuers"
  return 1
}

# crl_facts PEM: fills C_*.
crl_facts() {
  local line
  C_ISSUER='' C_START='' C_END=''
  while IFS= read -r line; do
    case $line in
      issuer=*) C_ISSUER=${line#issuer=} ;;
      lastUpdate=*) C_START=${line#*=} ;;
      nextUpdate=*) C_END=${line#*=} ;;
    esac
  done < <(openssl crl -noout -nameopt RFC2253 -dateopt iso_8601 -issuer -lastupdate -nextupdate <<<"$1" 2>/dev/null)
  [[ -n $C_ISSUER && -n $C_START ]]
}

check_crl_dates() {
  local now
  now=$(now)
  if [[ $now < $C_START ]]; then
    REASON="$1 is not yet valid (from $C_START, and it is $now); is the clock of this host right?"
    return 1
  fi
  if [[ $C_END != [0-9]* ]]; then REASON="$1 does not say when the next one comes"; return 1; fi
  if [[ ! $now < $C_END ]]; then REASON="$1 has run out at $C_END; sign a new one"; return 1; fi
  [[ -n $NEXT_EXPIRES && $NEXT_EXPIRES < $C_END ]] || NEXT_EXPIRES=$C_END
}

# As servers check every leaf of ours: `openssl crl -CAfile` ends with 0 even on a wrong signature.
check_crl_by_leaves() {
  local record chain answer checked=''
  CRL_CHECKED=''
  for record in "${CERTIFICATES[@]}" "${CLIENTS[@]}"; do
    [[ ${record##*|} == "$3" ]] || continue
    chain=${record%%|*}
    read_pem "$1/$chain" && facts "${PEM_TEXT[0]}" "$chain" || return 1
    # Each leaf, not one for each issuer: a release must not bring the list that refuses its own certificate.
    [[ $checked != *"|$F_PUBLIC|"* ]] || continue
    checked+="|$F_PUBLIC|" CRL_CHECKED=yes
    answer=$(openssl verify -crl_check_all -no-CApath -no-CAstore -CRLfile "$1/$2" -CAfile "$1/$3" \
      -untrusted <(certificates_alone) <<<"${PEM_TEXT[0]}" 2>&1) && continue
    REASON="$2: would refuse $chain ($F_SUBJECT): $(verify_words "$answer")"
    return 1
  done
}

# For an authority of which this container has no leaf: each intermediate stands the check against the tiers above it,
# and has a list that is signed with its own key.
check_crl_by_issuers() {
  local certificate answer list signed
  read_pem "$1/$2" || return 1
  local -a lists=("${PEM_TEXT[@]}")
  read_pem "$1/$4" || return 1
  for certificate in "${PEM_TEXT[@]}"; do
    facts "$certificate" "$4" || return 1
    if ! answer=$(openssl verify -crl_check_all -no-CApath -no-CAstore -CRLfile "$1/$2" -CAfile "$1/$3" \
      -untrusted <(certificates_alone) <<<"$certificate" 2>&1); then
      REASON="$2: would refuse everything under $F_SUBJECT: $(verify_words "$answer")"
      return 1
    fi
    signed=missing
    for list in "${lists[@]}"; do
      if ! crl_facts "$list" || [[ $C_ISSUER != "$F_SUBJECT" ]]; then continue; fi
      # By its words: the exit code is 0 in any case.
      answer=$(openssl crl -noout -no-CApath -no-CAstore -CAfile <(printf '%s\n' "$certificate") <<<"$list" 2>&1) || true
      if [[ $answer == *'verify OK'* ]]; then signed=yes; else signed=wrong; fi
    done
    case $signed in
      missing) REASON="$2: would refuse everything under $F_SUBJECT: unable to get certificate CRL"; return 1 ;;
      wrong) REASON="$2: the list of $F_SUBJECT is not signed with its key, so everything under it would be refused"; return 1 ;;
    esac
    CRL_CHECKED=yes
  done
}

certificates_alone() {
  local index
  for index in "${!PEM_KIND[@]}"; do
    [[ ${PEM_KIND[index]} != CERTIFICATE ]] || printf '%s\n' "${PEM_TEXT[index]}"
  done
}
