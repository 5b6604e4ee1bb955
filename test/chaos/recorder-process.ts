/** A recorder as it ships, but for protections that it does without and a proxy between it and Kafka. */
import { runProcess } from '#runtime';
import { startRecorder } from '../../apps/recorder/src/recorder-process.js';
import { kafkaFromArguments } from './without.js';

await runProcess(
  'recorder',
  (tools) => startRecorder(tools, kafkaFromArguments()),
  ({ url }) => `Incident Ledger recorder: ${url}\n`,
);
