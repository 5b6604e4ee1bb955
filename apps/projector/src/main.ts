/** The process that copies ledgers from Kafka into the read models. */
import { runProcess } from '#runtime';
import { startProjector } from './projector-process.js';

await runProcess('projector', startProjector, ({ url }) => `Incident Ledger projector: ${url}/health/ready\n`);
