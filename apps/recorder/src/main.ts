/** The process that records, on Kafka. */
import { runProcess } from '#runtime';
import { startRecorder } from './recorder-process.js';

await runProcess('recorder', startRecorder, ({ url }) => `Incident Ledger recorder: ${url}\n`);
