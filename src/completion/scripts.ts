import type { SHELLS } from "./complete.ts";

type Shell = (typeof SHELLS)[number];

/** All three ask `npmon complete` and only put its answer where the shell wants it. */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# Completion of npmon for bash: source <(npmon completion bash)
_npmon() {
  local -a reply
  mapfile -t reply < <("\${COMP_WORDS[0]/#\\~/$HOME}" complete bash "\${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
  COMPREPLY=("\${reply[@]:1}")
  case \${reply[0]-} in
    part) compopt -o nospace ;;
    files) compopt -o default ;;
  esac 2>/dev/null
}
complete -o nosort -F _npmon npmon 2>/dev/null || complete -F _npmon npmon
`,
  zsh: `#compdef npmon
# Completion of npmon for zsh: source <(npmon completion zsh), after compinit
_npmon() {
  local current=$PREFIX line
  local -a reply texts lines options
  # between quotes the beginning stands as it is
  [[ -z $compstate[quote] ]] && current=\${(Q)PREFIX}
  reply=("\${(@f)$("\${(Q)words[1]}" complete zsh "\${(@Q)words[2,CURRENT-1]}" "$current" 2>/dev/null)}")
  case $reply[1] in
    files) _files; return ;;
    part) options=(-S '') ;;
  esac
  for line in "\${(@)reply[2,-1]}"; do
    texts+=("\${line%%$'\\t'*}")
    lines+=("\${line/$'\\t'/  -- }")
  done
  [[ $line == *$'\\t'* ]] && options+=(-l)
  (( $#texts )) && compadd -V npmon -M 'm:{[:lower:][:upper:]}={[:upper:][:lower:]}' "\${(@)options}" -d lines -- "\${(@)texts}"
}
if [[ $funcstack[1] == _npmon ]]; then _npmon "$@"; else compdef _npmon npmon; fi
`,
  fish: `# Completion of npmon for fish: npmon completion fish | source
function __npmon_complete
    set -l words (commandline -po)
    set -l reply ($words[1] complete fish (commandline -cp | string collect) 2>/dev/null)
    if test "$reply[1]" = files
        __fish_complete_path (commandline -ct)
    else if set -q reply[2]
        printf '%s\\n' $reply[2..-1]
    end
end
complete -c npmon -f -k -a '(__npmon_complete)'
`,
};
