/** COPIES the log into the read models. */
export { Projector, type ProjectionHealth, type ProjectorOptions } from './projector.js';
