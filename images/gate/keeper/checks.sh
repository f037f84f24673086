# Is a release fit to be served? Each check stops at the first fault and leaves it in REASON, one line, with the fix.
#
# Neither server can be asked instead: `apache2 -t` sees no wrong key, HAProxy accepts a client certificate as its own,
# and no server looks at a CRL before every caller is refused.

# check_release DIRECTORY: the release that read_manifest has read, copied to DIRECTORY.
check_release() {
  local record
  FACTS_OF=()
  NEXT_EXPIRES=''
  for record in "${BUNDLES[@]}"; do check_bundle "$1" "$record" || return 1; done
  for record in "${CERTIFICATES[@]}"; do check_certificate "$1" "$record" || return 1; done
  for record in "${CLIENTS[@]}"; do check_client "$1" "$record" || return 1; done
  for record in "${CRLS[@]}"; do check_crl "$1" "$record" || return 1; done
}

# A bundle holds roots alone: Apache trusts every certificate in it, and an intermediate there would hide a lost root.
check_bundle() {
  local index where
  read_pem "$1/$2" || return 1
  for index in "${!PEM_KIND[@]}"; do
    where="$2: certificate $((index + 1))"
    if [[ ${PEM_KIND[index]} != CERTIFICATE ]]; then
      REASON="$2: holds a block \"${PEM_KIND[index]}\"; a bundle holds root certificates alone"
      return 1
    fi
    facts "${PEM_TEXT[index]}" "$where" || return 1
    where+=" ($F_SUBJECT)"
    if [[ $F_CA != yes ]]; then REASON="$where is no CA certificate (CA:TRUE is missing)"; return 1; fi
    if ! self_signed "${PEM_TEXT[index]}"; then
      REASON="$where is not self-signed; put the root into the bundle and the intermediate into the chain"
      return 1
    fi
    check_dates "$where" && check_strength "$where" || return 1
  done
}

# A server's or a client's chain and its key in a file of their own: chain|key|usage|name|bundle
check_certificate() {
  local chain key usage name bundle
  IFS='|' read -r chain key usage name bundle <<<"$2"
  read_pem "$1/$key" || return 1
  local key_text=''
  pick_key "$key" || return 1
  read_pem "$1/$chain" || return 1
  check_chain "$chain" "$usage" || return 1
  check_key "$chain" "$key" "$key_text" || return 1
  [[ -z $name ]] || check_name "$chain" "$name" || return 1
  verify_chain "$1" "$chain" "$usage" "$bundle"
}

# What Apache and HAProxy present to a callee, one file: leaf, key, intermediates. file|bundle
#
# In this order (Apache pairs the key with the last certificate before it) and without a root: a root in it becomes a
# trust anchor for the callee's certificate (mod_ssl since 2.4.59).
check_client() {
  local file bundle key_text='' index found=''
  IFS='|' read -r file bundle <<<"$2"
  read_pem "$1/$file" || return 1
  for index in "${!PEM_KIND[@]}"; do
    case ${PEM_KIND[index]} in
      CERTIFICATE) found+='c' ;;
      *'PRIVATE KEY') found+='k' ;;
      *) REASON="$file: holds a block \"${PEM_KIND[index]}\"; it holds the leaf, its key and the intermediates"; return 1 ;;
    esac
  done
  if [[ ! $found =~ ^ckc*$ ]]; then
    found=${found//c/, certificate} found=${found//k/, key}
    REASON="$file: wrong order (${found#, }); the order is leaf, key, intermediates"
    return 1
  fi
  pick_key "$file" || return 1
  PEM_TEXT=("${PEM_TEXT[0]}" "${PEM_TEXT[@]:2}")
  PEM_KIND=("${PEM_KIND[0]}" "${PEM_KIND[@]:2}")
  for index in "${!PEM_TEXT[@]}"; do
    facts "${PEM_TEXT[index]}" "$file: certificate $((index + 1))" || return 1
    if [[ $F_SUBJECT == "$F_ISSUER" ]]; then
      REASON="$file: holds a root ($F_SUBJECT); a root in this file becomes a trust anchor, leave it out"
      return 1
    fi
  done
  check_chain "$file" client || return 1
  check_key "$file" "$file" "$key_text" || return 1
  verify_chain "$1" "$file" client "$bundle"
}

# pick_key FILE: the one private key among the blocks just read, into the caller's key_text.
pick_key() {
  local index
  for index in "${!PEM_KIND[@]}"; do
    case ${PEM_KIND[index]} in
      'ENCRYPTED PRIVATE KEY')
        REASON="$1: the key is encrypted, and nobody is there to type the password; deliver plain PKCS#8"
        return 1 ;;
      *'PRIVATE KEY')
        if [[ -n $key_text ]]; then REASON="$1: holds more than one private key"; return 1; fi
        key_text=${PEM_TEXT[index]} ;;
    esac
  done
  if [[ -z $key_text ]]; then REASON="$1: holds no private key"; return 1; fi
}

# check_chain FILE USAGE: leaf first, each certificate followed by its issuer, all in force and strong.
check_chain() {
  local file=$1 index where issuer=''
  for index in "${!PEM_KIND[@]}"; do
    where="$file: certificate $((index + 1))"
    case ${PEM_KIND[index]} in
      CERTIFICATE) ;;
      *'PRIVATE KEY') REASON="$file: holds a private key; a chain holds certificates alone"; return 1 ;;
      *) REASON="$file: holds a block \"${PEM_KIND[index]}\"; a chain holds certificates alone"; return 1 ;;
    esac
    facts "${PEM_TEXT[index]}" "$where" || return 1
    where+=" ($F_SUBJECT)"
    if ((index == 0)); then
      # A self-signed certificate of one's own is a CA by openssl's default and still no wrong order.
      if [[ $F_CA == yes ]] && ((${#PEM_KIND[@]} > 1)); then
        REASON="$where is a CA certificate; wrong order, the leaf comes first and then the intermediate"
        return 1
      fi
      check_usage "$where" "$2" || return 1
      [[ -n $NEXT_EXPIRES && $NEXT_EXPIRES < $F_END ]] || NEXT_EXPIRES=$F_END
    else
      if [[ $F_SUBJECT != "$issuer" ]]; then
        REASON="$where did not issue the certificate before it (that was $issuer); wrong order or a chain of another CA"
        return 1
      fi
      if [[ $F_CA != yes ]]; then REASON="$where is used as an intermediate but is no CA (CA:TRUE is missing)"; return 1; fi
    fi
    check_dates "$where" && check_strength "$where" || return 1
    issuer=$F_ISSUER
  done
}

check_usage() {
  local wanted='TLS Web Server Authentication' other='client certificate' word=serverAuth
  if [[ $2 == client ]]; then
    wanted='TLS Web Client Authentication' other='server certificate' word=clientAuth
  fi
  [[ $F_USAGE != *"$wanted"* ]] || return 0
  REASON="$1 is not for $2 use: its extended key usage lacks $word"
  [[ -z $F_USAGE ]] || REASON+=" (it is a $other?)"
  return 1
}

# check_dates WHERE: of the certificate whose facts were just read.
check_dates() {
  local now
  now=$(now)
  if [[ $now < $F_START ]]; then
    REASON="$1 is not yet valid: it begins at $F_START and it is $now; is the clock of this host right?"
    return 1
  fi
  if [[ ! $now < $F_END ]]; then
    REASON="$1 has expired at $F_END; renew it"
    return 1
  fi
}

check_strength() {
  if [[ $F_KEY == rsa* ]] && ((F_BITS < 2048)); then
    REASON="$1 has an RSA key of $F_BITS bits; 2048 is the least"
    return 1
  fi
  # A root's signature on itself proves nothing and is not looked at.
  [[ $F_SUBJECT != "$F_ISSUER" ]] || return 0
  case ${F_ALGORITHM,,} in
    *md5* | *sha1*) REASON="$1 is signed with $F_ALGORITHM; SHA-256 is the least"; return 1 ;;
  esac
}

# check_key CHAIN-FILE KEY-FILE KEY: the leaf's public key is the key's.
check_key() {
  local public
  facts "${PEM_TEXT[0]}" "$1" || return 1
  if ! public=$(public_of_key "$3"); then REASON="$2: the private key does not parse"; return 1; fi
  if [[ $public != "$F_PUBLIC" ]]; then
    REASON="$2: the key does not fit the certificate in $1 ($F_SUBJECT); deliver the pair that was made together"
    return 1
  fi
}

# check_name FILE NAME: in the subjectAltName; openssl falls back on the common name only if there is no DNS name at all.
check_name() {
  local answer
  facts "${PEM_TEXT[0]}" "$1" || return 1
  answer=$(openssl x509 -noout -checkhost "$2" <<<"${PEM_TEXT[0]}" 2>/dev/null) || true
  if [[ $F_DNS == *DNS:* && $answer == *' does match '* ]]; then return 0; fi
  if [[ $F_DNS != *DNS:* && $answer == *' does match '* ]]; then
    REASON="$1: has the name $2 in its common name only; it must be a DNS name in the subjectAltName"
  else
    REASON="$1: is not for the name $2 (its subjectAltName: ${F_DNS:-none})"
  fi
  while [[ $REASON == *'  '* ]]; do REASON=${REASON//  / }; done
  return 1
}

self_signed() {
  [[ $F_SUBJECT == "$F_ISSUER" ]] || return 1
  openssl verify -check_ss_sig -no_check_time -no-CApath -no-CAstore -CAfile <(printf '%s\n' "$1") \
    >/dev/null 2>&1 <<<"$1"
}

# verify_chain DIRECTORY FILE USAGE BUNDLE: without a bundle (a public certificate) up to the last certificate of the file.
verify_chain() {
  local purpose=ssl$3 answer last=${PEM_TEXT[-1]}
  if [[ -n $4 ]]; then
    answer=$(openssl verify -purpose "$purpose" -no-CApath -no-CAstore -CAfile "$1/$4" \
      -untrusted <(printf '%s\n' "${PEM_TEXT[@]}") <<<"${PEM_TEXT[0]}" 2>&1) && return 0
    REASON="$2: does not lead to a root in $4 ($(verify_words "$answer"))"
  else
    answer=$(openssl verify -partial_chain -purpose "$purpose" -no-CApath -no-CAstore \
      -CAfile <(printf '%s\n' "$last") -untrusted <(printf '%s\n' "${PEM_TEXT[@]}") <<<"${PEM_TEXT[0]}" 2>&1) && return 0
    REASON="$2: its chain does not hold together ($(verify_words "$answer"))"
  fi
  return 1
}

# verify_words OUTPUT: the first error of `openssl verify` in its own words.
verify_words() {
  local line
  while IFS= read -r line; do
    if [[ $line =~ ^error\ [0-9]+\ at\ ([0-9]+)\ depth\ lookup:\ (.*)$ ]]; then
      printf '%s, at depth %s' "${BASH_REMATCH[2]}" "${BASH_REMATCH[1]}"
      return
    fi
  done <<<"$1"
  printf '%s' "${1%%$'\n'*}"
}
