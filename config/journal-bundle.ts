/**
 * The default bundle where the lines come from the journal, as JOURNAL_DIRECTORY asks for: the same but for its source.
 * In: the bundle's text. Called by built-in.ts, and by generate.ts, which writes it down for people to copy.
 */
export function withJournal(bundle: string): string {
  const source = /^ {4}source:\n(?: {6}.*\n)+/m;
  if (!source.test(bundle)) throw new Error("the bundle has no source block");
  return bundle.replace(source, journalSource);
}

const journalSource = `    source:
      use: source-journald
      directory: "\${env:JOURNAL_DIRECTORY}"
`;
