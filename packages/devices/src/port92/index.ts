export { Port92, type Port92Events, type Port92State } from './port92.ts';
export { attachPort92 } from './ports.ts';
