/** Chaos on the embedded storage. */
import { describe } from '@jest/globals';
import { testChaos } from './run-of-chaos.js';

// The processes of its PostgreSQL are found through /proc.
const describeOnLinux = process.platform === 'linux' ? describe : describe.skip;

describeOnLinux('chaos on the embedded storage', () => testChaos('embedded'));
