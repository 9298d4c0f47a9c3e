/** Declares sink-webhook. Importing this does nothing; Droplens calls `create` for each use in a config. */
import { definePlugin } from "droplens/plugin";
import { options, type WebhookOptions } from "./options.ts";
import { WebhookSink } from "./webhook-sink.ts";

export const sinkWebhook = definePlugin<"sink", WebhookOptions>({
  role: "sink",
  name: "sink-webhook",
  apiVersion: 1,
  options,
  create: (chosen) => new WebhookSink(chosen),
});

export default sinkWebhook;
