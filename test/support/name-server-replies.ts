/** What the DNS server of a trial says. */
import { askedAddress, message, ptr, type Reply } from "../../plugins/resolver-dns/testdata/dns-server.ts";

export const named: Reply = (question) =>
  message(question, { answers: [ptr(`host-${askedAddress(question).replaceAll(".", "-")}.example`)] });

export const silence: Reply = () => undefined;

/** Bytes that are no answer: noise, an answer to another question, one that is cut off. `random` is the trial's own. */
export const garbage =
  (random: () => number): Reply =>
  (question) => {
    const noise = Buffer.from(Array.from({ length: Math.floor(random() * 600) }, () => Math.floor(random() * 256)));
    const answer = message(question, { answers: [ptr("host.example")] });
    const foreign = message({ ...question, id: question.id ^ 0xffff }, { answers: [ptr("foreign.example")] });
    return [noise, foreign, answer.subarray(0, 12 + Math.floor(random() * (answer.length - 13)))];
  };
