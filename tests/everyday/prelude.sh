# It ran without an error and gave a wrong or an empty answer.
wrong() { printf 'wrong: %s\n' "$*" >&2; exit 90; }
