# Revocation lists. No server looks at one before it refuses every caller by it: an expired, foreign, incomplete or wrongly
# labelled list is an outage, so all of that is found out here.

# check_crl DIRECTORY file|bundle|issuers
check_crl() {
  local file bundle issuers index names='|'
  IFS='|' read -r file bundle issuers <<<"$2"
  read_pem "$1/$file" || return 1
  local -a lists=("${PEM_TEXT[@]}") kinds=("${PEM_KIND[@]}")
  remember_numbers "$file"
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
    check_crl_dates "$file: list $((index + 1)) ($C_ISSUER)" && check_crl_number "$file" || return 1
  done
  check_crl_by_leaves "$1" "$file" "$bundle" || return 1
  [[ -z $issuers ]] || check_crl_by_issuers "$1" "$file" "$bundle" "$issuers" || return 1
  [[ -n $CRL_CHECKED ]] && return
  REASON="$file: cannot be checked, since the release has no certificate under $bundle and names no issuers"
  return 1
}

# crl_facts PEM: fills C_*. The entries, which can be many, are not read.
crl_facts() {
  local line next=''
  C_ISSUER='' C_START='' C_END='' C_NUMBER='' C_KEY=''
  while IFS= read -r line; do
    case $line in
      issuer=*) C_ISSUER=${line#issuer=} ;;
      lastUpdate=*) C_START=${line#*=} ;;
      nextUpdate=*) C_END=${line#*=} ;;
      crlNumber=0x*) C_NUMBER=${line#*=0x} ;;
      *'X509v3 Authority Key Identifier'*) next=key; continue ;;
      *'Revoked Certificates'*) break ;;
    esac
    [[ $next != key ]] || C_KEY=${line//[[:space:]]/}
    next=''
  done < <(openssl crl -noout -nameopt RFC2253 -dateopt iso_8601 -issuer -lastupdate -nextupdate -crlnumber -text \
    <<<"$1" 2>/dev/null)
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

declare -A CRL_NUMBERS=()      # issuer|key -> number, of the active release

# remember_numbers FILE: the numbers of the lists that are served. Keeps PEM_* as they are.
remember_numbers() {
  local active=$RUN/releases/$ACTIVE/$1 text
  local -a kinds=("${PEM_KIND[@]}") texts=("${PEM_TEXT[@]}")
  CRL_NUMBERS=()
  if [[ -n $ACTIVE && -f $active ]] && read_pem "$active"; then
    for text in "${PEM_TEXT[@]}"; do
      if crl_facts "$text"; then CRL_NUMBERS["$C_ISSUER|$C_KEY"]=$C_NUMBER; fi
    done
  fi
  PEM_KIND=("${kinds[@]}") PEM_TEXT=("${texts[@]}")
}

# A list with a lower number than the one that is served lets somebody in again who was revoked.
check_crl_number() {
  local before=${CRL_NUMBERS["$C_ISSUER|$C_KEY"]:-}
  if [[ -z $C_NUMBER ]]; then REASON="$1: the list of $C_ISSUER has no number"; return 1; fi
  [[ -n $before ]] || return 0
  before=$(padded "$before")
  [[ $(padded "$C_NUMBER") < $before ]] || return 0
  REASON="$1: the list of $C_ISSUER is older than the one that is served (number 0x$C_NUMBER); what was revoked would be let in"
  return 1
}

# padded HEX: to 40 digits, the most that RFC 5280 allows, so that numbers compare as texts.
padded() {
  local digits=0000000000000000000000000000000000000000${1^^}
  printf '%s' "${digits: -40}"
}

# One leaf of ours for each issuer, as servers check it: `openssl crl -CAfile` ends with 0 even on a wrong signature.
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
