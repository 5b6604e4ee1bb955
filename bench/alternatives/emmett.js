/**
 * THE ALTERNATIVE: appends of @event-driven-io/emmett-postgresql, called in process, as its documentation shows them.
 * Each of the concurrent callers has a stream of its own and expects the version that its last append returned: of the
 * ways tried (a new stream for each append, no expected version) that is the fastest. A connection for each caller.
 *
 * A process of its own: started with the database's address, told { callers, seconds, body }, answers
 * { appends, seconds, cpuMicros } and ends when it is disconnected.
 */
import { randomUUID } from 'node:crypto';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import pg from 'pg';

const [connectionString] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString, max: 32 });
const store = getPostgreSQLEventStore(connectionString, { connectionOptions: { connectionString, pool } });
await store.schema.migrate();

process.on('message', async ({ callers, seconds, body }) => {
  const data = JSON.parse(body);
  const started = performance.now();
  const cpuBefore = process.cpuUsage();
  let appends = 0;
  const call = async () => {
    const stream = `statement-${randomUUID()}`;
    let expectedStreamVersion = 'STREAM_DOES_NOT_EXIST';
    while (performance.now() - started < seconds * 1000) {
      const event = { type: 'StatementRecorded', data };
      ({ nextExpectedStreamVersion: expectedStreamVersion } = await store.appendToStream(stream, [event], {
        expectedStreamVersion,
      }));
      appends += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, call));
  const { user, system } = process.cpuUsage(cpuBefore);
  process.send({ appends, seconds: (performance.now() - started) / 1000, cpuMicros: user + system });
});
process.once('disconnect', () => process.exit());
process.send('ready');
