import { Argument, type Command, type Option } from "commander";

type Shell = "bash" | "zsh" | "fish";

/** Add `foreverframe completion`. */
export function addCompletionCommand(program: Command): void {
  program
    .command("completion")
    .summary("print a script that completes commands in a shell")
    .description("Print a script that completes commands and options in a shell.")
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"]))
    .addHelpText(
      "after",
      `
Examples:
  source <(foreverframe completion bash)                         # in ~/.bashrc
  foreverframe completion zsh > "\${fpath[1]}/_foreverframe"
  foreverframe completion fish > ~/.config/fish/completions/foreverframe.fish`,
    )
    .action((shell: Shell) => {
      process.stdout.write(FORMATS[shell](program));
    });
}

const FORMATS: Readonly<Record<Shell, (program: Command) => string>> = {
  bash: formatBash,
  zsh: formatZsh,
  fish: formatFish,
};

/** Options by which a file or a directory is named. */
const NAMES_A_FILE = /<(?:file|directory)>|-(?:file|cert|key)\b|--(?:data|pages|jwks)\b/;

function visible(command: Command): readonly Option[] {
  const help = command.createHelp();
  return help.visibleOptions(command);
}

function flagsOf({ long, short }: Option): readonly string[] {
  return [long, short].filter((flag) => flag !== undefined && flag !== null);
}

/** What may follow in place of an option's or argument's value; null for anything. */
function choicesOf(command: Command): readonly string[] {
  return command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

/** A text in single quotes of a shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function formatBash(program: Command): string {
  const cases = program.commands.map((command) => {
    const options = visible(command);
    const words = [...options.flatMap(flagsOf), ...choicesOf(command)].join(" ");
    const values = options.filter(takesValue).map((option) => {
      const flags = flagsOf(option).join("|");
      if (option.argChoices !== undefined)
        return `        ${flags}) words=${quote(option.argChoices.join(" "))} ;;`;
      const files = NAMES_A_FILE.test(option.flags) ? "compopt -o default; " : "";
      return `        ${flags}) ${files}return ;;`;
    });
    return [
      `    ${command.name()})`,
      `      words=${quote(words)}`,
      '      case "$previous" in',
      ...values,
      "      esac ;;",
    ].join("\n");
  });
  const names = program.commands.map((command) => command.name());
  const first = [...names, "help", ...visible(program).flatMap(flagsOf)].join(" ");
  return `# bash completion for foreverframe: source <(foreverframe completion bash)
_foreverframe() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quote(first)} -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
    help) words=${quote(names.join(" "))} ;;
${cases.join("\n")}
    *) return ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ \${#COMPREPLY[@]} -gt 0 ] || compopt -o default
}
complete -F _foreverframe foreverframe
`;
}

function formatZsh(program: Command): string {
  const cases = program.commands.map((command) => {
    const specs = visible(command).flatMap((option) => {
      const help = option.description.replaceAll(/[[\]:]/g, "\\$&");
      const value = !takesValue(option)
        ? ""
        : option.argChoices !== undefined
          ? `:value:(${option.argChoices.join(" ")})`
          : NAMES_A_FILE.test(option.flags)
            ? ":file:_files"
            : ":value: ";
      return flagsOf(option).map((flag) => `      ${quote(`*${flag}[${help}]${value}`)} \\`);
    });
    const choices = choicesOf(command).join(" ");
    const rest = choices === "" ? "'*:argument:_files'" : `'1:argument:(${choices})'`;
    return [`    ${command.name()})`, "      _arguments \\", ...specs, `      ${rest} ;;`].join(
      "\n",
    );
  });
  const names = program.commands.map(
    (command) => `    ${quote(`${command.name()}:${command.summary()}`)}`,
  );
  return `#compdef foreverframe
# zsh completion for foreverframe
_foreverframe() {
  local -a commands=(
${names.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name=$words[2]
  shift words
  (( CURRENT-- ))
  case $name in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = "_foreverframe" ]; then _foreverframe "$@"; else compdef _foreverframe foreverframe; fi
`;
}

function formatFish(program: Command): string {
  const lines = program.commands.flatMap((command) => {
    const name = command.name();
    const isHere = `-n '__fish_seen_subcommand_from ${name}'`;
    const options = visible(command).map((option) => {
      const { long, short, argChoices, description } = option;
      const flags = [
        ...(long ? [`-l ${long.slice(2)}`] : []),
        ...(short ? [`-s ${short.slice(1)}`] : []),
      ].join(" ");
      const value = !takesValue(option)
        ? ""
        : argChoices !== undefined
          ? ` -x -a ${quote(argChoices.join(" "))}`
          : NAMES_A_FILE.test(option.flags)
            ? " -r -F"
            : " -x";
      return `complete -c foreverframe ${isHere} ${flags}${value} -d ${quote(description)}`;
    });
    const choices = choicesOf(command).join(" ");
    return [
      `complete -c foreverframe -n __fish_use_subcommand -a ${name} -d ${quote(command.summary())}`,
      ...(choices === "" ? [] : [`complete -c foreverframe ${isHere} -a ${quote(choices)}`]),
      ...options,
    ];
  });
  return ["# fish completion for foreverframe", "complete -c foreverframe -f", ...lines, ""].join(
    "\n",
  );
}
