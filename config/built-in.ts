/** What is part of the program, handed to the core by the entry: the built-in plugins and the default bundle. */
import type { BuiltIn } from "../core/config/load.ts";
import { withJournal } from "./journal-bundle.ts";
import { kubeIptablesTailer } from "./kube-iptables-tailer.ts";
import { plugins } from "./plugins.ts";

export const builtIn: BuiltIn = {
  plugins,
  bundle: {
    origin: "built-in kube-iptables-tailer.yaml",
    text({ JOURNAL_DIRECTORY: journal = "" }) {
      return journal === "" ? kubeIptablesTailer : withJournal(kubeIptablesTailer);
    },
  },
};
