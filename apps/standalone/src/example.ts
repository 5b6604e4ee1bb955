/**
 * Loads the example case through the public API, as any client would: one line an act, in the form of the batch door.
 * Every line has its command id, so it can be repeated after any interruption and adds nothing twice.
 */
import { readFileSync } from 'node:fs';
import { ACTS } from '#contracts';
import type { ActName } from '#domain';

const EXAMPLE = new URL('../../../../apps/standalone/example/conoco.ndjson', import.meta.url);

interface Line {
  id: string;
  act: ActName;
  body: object;
}

/** Opens the ledger and records the example. @throws Error with what was refused */
export async function loadExample(url: string, key: string, ledger: string): Promise<void> {
  await openLedger(url, key, ledger);
  const lines = readFileSync(EXAMPLE, 'utf8').trimEnd().split('\n');
  for (const line of lines) {
    const { id, act, body } = JSON.parse(line) as Line;
    await send(`${url}/v1/ledgers/${ledger}/${ACTS[act].route}`, key, id, body);
  }
}

/** Opens the ledger; doing it again is the same. */
export function openLedger(url: string, key: string, ledger: string): Promise<void> {
  const origin = {
    title: 'Attacks on US and coalition forces in Syria, and what is said about them',
    keeper: 'Opened by the first start of this ledger',
  };
  return send(`${url}/v1/ledgers/${ledger}/open`, key, `open-${ledger}`, { origin });
}

async function send(address: string, key: string, commandId: string, body: object): Promise<void> {
  const response = await fetch(address, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': commandId },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { position?: number; code?: string; detail?: string };
  if (answer.position !== undefined) return;
  // Done already by an interrupted start whose key is gone: with another key it is another command.
  if (answer.code === 'ledger-exists' || answer.code === 'id-taken') return;
  throw new Error(`${commandId} was refused (${response.status}): ${answer.detail}`);
}
