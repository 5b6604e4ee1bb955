/** A port for a server that must be told one before it starts. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below what Linux and macOS give to outgoing connections: nobody can get the port of a server that is down for a moment,
 * not even its own client, whose attempt to connect could otherwise meet itself there.
 */
const PORTS = [20_000, 32_767] as const;

/** Free on 127.0.0.1, and held until it is released. */
export async function holdFreePort(): Promise<{ port: number; release(): Promise<void> }> {
  for (;;) {
    const port = randomInt(...PORTS);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    return {
      port,
      async release() {
        server.close();
        await once(server, 'close');
      },
    };
  }
}
