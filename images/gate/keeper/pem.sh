# PEM files and what a certificate says, by openssl. Private keys go through pipes only.

PEM_KIND=() PEM_TEXT=()

# read_pem FILE: the blocks of a PEM file, in order.
read_pem() {
  local name=${1##*/} line kind='' text=''
  PEM_KIND=() PEM_TEXT=()
  while IFS= read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    case $line in
      '-----BEGIN '*'-----')
        if [[ -n $kind ]]; then REASON="$name: a $kind block is cut off (no END line)"; return 1; fi
        kind=${line#-----BEGIN } kind=${kind%-----} text=$line$'\n' ;;
      '-----END '*'-----')
        if [[ $line != "-----END $kind-----" ]]; then REASON="$name: \"$line\" ends no block"; return 1; fi
        PEM_KIND+=("$kind") PEM_TEXT+=("$text$line") kind='' ;;
      *) [[ -z $kind ]] || text+=$line$'\n' ;;
    esac
  done <"$1"
  if [[ -n $kind ]]; then REASON="$name: a $kind block is cut off (no END line)"; return 1; fi
  if ((${#PEM_KIND[@]} == 0)); then REASON="$name: holds no PEM block"; return 1; fi
}

# body PEM: the base64 alone, to compare what two sources wrapped differently.
body() {
  local text=${1#*-----BEGIN *-----}
  text=${text%%-----END*}
  printf '%s' "${text//[[:space:]]/}"
}

declare -A FACTS_OF=()       # PEM -> text, so that an intermediate shared by many chains is read once

# facts PEM WHERE: fills F_*; WHERE begins the reason if it does not parse.
facts() {
  local text value section=''
  F_SUBJECT='' F_ISSUER='' F_START='' F_END='' F_PUBLIC='' F_CA=no F_USAGE='' F_DNS='' F_ALGORITHM='' F_KEY='' F_BITS=0
  if [[ -z ${FACTS_OF[$1]:-} ]]; then
    if ! text=$(openssl x509 -noout -nameopt RFC2253 -dateopt iso_8601 -subject -issuer -startdate -enddate \
      -ext basicConstraints,extendedKeyUsage,subjectAltName \
      -text -certopt no_header,no_version,no_serial,no_signame,no_validity,no_subject,no_issuer,no_extensions \
      -pubkey <<<"$1" 2>/dev/null); then
      REASON="$2 does not parse: it is damaged or no certificate"
      return 1
    fi
    FACTS_OF[$1]=$text
  fi
  while IFS= read -r value; do
    case $value in
      subject=*) F_SUBJECT=${value#subject=} ;;
      issuer=*) F_ISSUER=${value#issuer=} ;;
      notBefore=*) F_START=${value#notBefore=} ;;
      notAfter=*) F_END=${value#notAfter=} ;;
      -----*) [[ $value == *BEGIN* ]] && section=public || section='' ;;
      'X509v3 Basic Constraints'*) section=constraints ;;
      'X509v3 Extended Key Usage'*) section=usage ;;
      'X509v3 Subject Alternative Name'*) section=names ;;
      *'Subject Public Key Info:'*) section='' ;;
      *'Signature Algorithm: '*) section='' F_ALGORITHM=${value##*: } ;;
      *'Public Key Algorithm: '*) section='' F_KEY=${value##*: } ;;
      *'Public-Key: ('*) F_BITS=${value##*(} F_BITS=${F_BITS%% *} ;;
      *)
        case $section in
          public) F_PUBLIC+=$value ;;
          constraints) [[ $value != *CA:TRUE* ]] || F_CA=yes ;;
          usage) F_USAGE+=$value ;;
          names) F_DNS+=$value ;;
        esac ;;
    esac
  done <<<"${FACTS_OF[$1]}"
}

# public_of_key PEM: the public half, as one line of base64 as in F_PUBLIC.
public_of_key() {
  local text
  text=$(openssl pkey -pubout -passin pass: <<<"$1" 2>/dev/null) || return 1
  body "$text"
}
