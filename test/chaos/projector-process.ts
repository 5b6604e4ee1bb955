/** A projector as it ships, but for protections that it does without. */
import { runProcess } from '#runtime';
import { startProjector } from '../../apps/projector/src/projector-process.js';
import { kafkaFromArguments } from './without.js';

await runProcess(
  'projector',
  (tools) => startProjector(tools, kafkaFromArguments()),
  ({ url }) => `Incident Ledger projector: ${url}\n`,
);
