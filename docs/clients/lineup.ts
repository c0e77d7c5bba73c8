// First download by parts, changes, long poll. Runs as it is in Expo, in browsers and in Node from 22.18.
export type Kind = "channel" | "movie" | "series";
export type Row = { id: string; kind: string; [field: string]: unknown };
export type Catalogue = { version: string; categories: Row[]; items: Record<Kind, Row[]> };
export type Platform = {
  sha256(bytes: Uint8Array): Promise<string>; // in hex; Expo: expo-crypto's digest
  gunzip(bytes: Uint8Array): Promise<Uint8Array>; // Expo: fflate's gunzipSync
  kept(sha256: string): Promise<Uint8Array | null>; // parts on disk, by name: a download that was cut goes on
  keep(sha256: string, bytes: Uint8Array): Promise<void>;
};
const KINDS: Kind[] = ["channel", "movie", "series"];
const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

export function lineup(server: string, provider: string, platform: Platform, view: "lite" | "full" = "lite") {
  const api = `${server}/api/providers/${encodeURIComponent(provider)}`;
  async function get(url: string, tries = 0): Promise<Response> {
    const answer = await fetch(new URL(url, server)).catch(() => null);
    if (answer && (answer.ok || answer.status === 410)) return answer;
    const later = !answer || answer.status === 409 || answer.status === 429 || answer.status >= 500;
    if (!later || tries === 8) throw new Error(`${url}: ${answer ? answer.status : "no connection"}`);
    const asked = Number(answer?.headers.get("retry-after")) * 1000;
    await sleep(asked || Math.random() * Math.min(200 * 2 ** tries, 10_000));
    return get(url, tries + 1);
  }
  async function text(base: string, part: any, tries = 0): Promise<string> {
    const name = part.encodings.gzip.sha256;
    const kept = await platform.kept(name);
    const bytes = kept ?? new Uint8Array(await (await get(`${base}/${name}`)).arrayBuffer());
    if ((await platform.sha256(bytes)) !== name) {
      if (tries === 4) throw new Error(`${name} does not come as it should`);
      return text(base, part, tries + 1);
    }
    if (!kept) await platform.keep(name, bytes);
    return new TextDecoder().decode(await platform.gunzip(bytes));
  }
  async function download(): Promise<Catalogue> {
    const manifest = await (await get(`${api}/snapshot/manifest?view=${view}`)).json();
    const made: Catalogue = { version: manifest.version, categories: [], items: { channel: [], movie: [], series: [] } };
    made.categories = JSON.parse(await text(manifest.blobBase, manifest.index)).categories;
    for (const kind of KINDS)
      for (const part of manifest.kinds[kind].parts) // one at a time: a phone has little memory
        for (const line of (await text(manifest.blobBase, part)).split("\n")) if (line) made.items[kind].push(JSON.parse(line));
    return made;
  }
  async function update(mine: Catalogue): Promise<Catalogue> {
    const upserts: any[] = [], gone = new Set<string>();
    let page: any = { next: `${api}/changes?since=${mine.version}&view=${view}` };
    while (page.next) {
      const answer = await get(page.next);
      if (answer.status === 410) return download();
      page = await answer.json();
      upserts.push(...page.upserts);
      for (const name of [...page.deletes, ...page.upserts.map((row: Row) => `${row.kind}:${row.id}`)]) gone.add(name);
    }
    const made = applied(mine, upserts, gone, page.to); // `mine` is as it was until all of it is there
    return KINDS.reduce((sum, kind) => sum + made.items[kind].length, 0) === page.countAfter ? made : download();
  }
  async function* watch(mine: Catalogue): AsyncGenerator<Catalogue> {
    for (;;) {
      const head = await (await get(`${api}/snapshot/head?after=${mine.version}&wait=25`)).json();
      if (head.version === mine.version) continue;
      await sleep(Math.random() * head.spreadMs); // not all phones at once
      yield (mine = await update(mine));
    }
  }
  return { download, update, watch };
}

export function applied(mine: Catalogue, upserts: any[], gone: Set<string>, version: string): Catalogue {
  const kept = (kind: string, rows: Row[]) => rows.filter((row) => !gone.has(`${kind}:${row.id}`));
  const made: Catalogue = { version, categories: kept("category", mine.categories), items: { ...mine.items } };
  for (const kind of KINDS) {
    const old = kept(kind, mine.items[kind]), rows: Row[] = [];
    let taken = 0;
    for (const { place, ordinal, ...row } of upserts.filter((one) => one.kind === kind).sort((a, b) => a.place - b.place)) {
      while (rows.length < place - 1 && taken < old.length) rows.push(old[taken++]);
      rows.push(row);
    }
    made.items[kind] = rows.concat(old.slice(taken));
  }
  for (const { itemKind, ...row } of upserts) if (row.kind === "category") made.categories.push({ ...row, kind: itemKind });
  const order = (row: any) => KINDS.indexOf(row.kind);
  made.categories.sort((a: any, b: any) => order(a) - order(b) || a.position - b.position || (a.id < b.id ? -1 : 1));
  return made;
}
