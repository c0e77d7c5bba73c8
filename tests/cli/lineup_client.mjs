// Runs docs/clients/lineup.ts as an app would: node lineup_client.mjs SERVER PROVIDER VIEW. A line of JSON per version.
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { lineup } from "../../docs/clients/lineup.ts";

Math.random = () => 0.01; // it comes at once, not at its own moment of half a minute
const [server, provider, view] = process.argv.slice(2);
const parts = new Map();
let spoilt = 0;
const platform = {
  // The first part comes with another byte than it should: it has to be fetched again.
  sha256: async (bytes) => createHash("sha256").update(spoilt++ ? bytes : bytes.subarray(1)).digest("hex"),
  gunzip: async (bytes) => gunzipSync(bytes),
  kept: async (name) => parts.get(name) ?? null,
  keep: async (name, bytes) => void parts.set(name, bytes),
};
const client = lineup(server, provider, platform, view);
const show = (catalogue) => process.stdout.write(JSON.stringify(catalogue) + "\n");
const first = await client.download();
show(first);
for await (const next of client.watch(first)) show(next);
