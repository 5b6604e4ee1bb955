/**
 * THE MEASUREMENT OF THE AUDITOR, `npm run bench:audit`: how fast `verify` goes through a generated log, and with how much
 * memory: the log by itself, and with read models to compare. It is run as an operator runs it, as a process of its own.
 * docs/benchmarks.md says what the figures mean.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startPostgres } from '#embedded';
import { MasterKey } from '#ledger';
import { loadMasterKey } from '#runtime';
import { RunningCommand } from '../../libs/testing/src/command.js';
import { project, writeLog } from './large-ledger.js';
import { manyIncidents } from './many-incidents.js';

const AUDITOR = fileURLToPath(new URL('../../apps/auditor/src/main.js', import.meta.url));

const { values } = parseArgs({
  options: {
    /** Incidents of the ledger that is checked by itself: some 2.4 records each. */
    log: { type: 'string', default: '210000' },
    /** Incidents of the ledger that is copied and compared. */
    tables: { type: 'string', default: '40000' },
  },
});

const folder = await mkdtemp(join(tmpdir(), 'incident-ledger-bench-'));
await chmod(folder, 0o711);
const { connectionString, stop } = await startPostgres({ folder: join(folder, 'postgres') });
try {
  const master = new MasterKey(await loadMasterKey({ dataDir: folder }));
  const compared = await writeLog(connectionString, master, 'tables', manyIncidents(Number(values.tables)));
  const seconds = await project(connectionString, master, 'tables', compared);
  process.stderr.write(`${compared} records copied in ${Math.round(seconds)} s.\n`);
  await writeLog(connectionString, master, 'log', manyIncidents(Number(values.log)));
  for (const options of [['log', '--log-only'], ['tables']]) {
    const [ledger = '', ...more] = options;
    const command = new RunningCommand([AUDITOR, 'verify', '--ledger', ledger, ...more], {
      DATA_DIR: folder,
      KAFKA_BROKERS: '',
      DATABASE_URL: '',
      MASTER_KEY: '',
    });
    const { code } = await command.ended;
    process.stdout.write(`verify ${options.join(' ')}, exit ${code}\n${command.output}\n`);
  }
} finally {
  await stop();
  await rm(folder, { recursive: true, force: true });
}
