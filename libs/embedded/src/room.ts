/**
 * ROOM ON THE DISK. PostgreSQL ends in a panic when its write-ahead log finds no room, and cannot start again before there is
 * some: then nothing can be read either. So part of the disk is left to it: records are taken only while more than that is
 * free, and read models are copied a little further, so that what was acknowledged becomes visible.
 */
import { statfs } from 'node:fs/promises';
import { NotNow } from '#ledger';

const MIB = 1024 * 1024;
/** Some segments of the write-ahead log, of 16 MiB each, and what a checkpoint writes. */
const RESERVES = { records: 128 * MIB, copying: 64 * MIB };

export class Room {
  constructor(private readonly folder: string) {}

  /** Why there is none, or undefined where there is some. */
  async shortage(of: keyof typeof RESERVES): Promise<string | undefined> {
    // A folder that is not there is found missing by whoever needs what is in it.
    const disk = await statfs(this.folder).catch(() => undefined);
    const free = disk === undefined ? Infinity : disk.bavail * disk.bsize;
    if (free >= RESERVES[of]) return undefined;
    return (
      `The disk of the data folder is full: ${Math.floor(free / MIB)} MiB are free, and ${RESERVES[of] / MIB} are kept for the ` +
      'database itself. Make room there, and all goes on by itself.'
    );
  }

  /** @throws NotNow */
  async assert(of: keyof typeof RESERVES): Promise<void> {
    const shortage = await this.shortage(of);
    if (shortage !== undefined) throw new NotNow('storage-full', shortage);
  }
}
