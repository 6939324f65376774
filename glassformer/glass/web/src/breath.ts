// Long computations of the page work in slices, between which it answers its reader.

const SLICE = 30; // milliseconds of work between two breaths
let worked = 0;

/** Lets the page answer its reader, where it has worked for a while. */
export async function breath(): Promise<void> {
  if (performance.now() - worked < SLICE) return;
  await new Promise((resume) => setTimeout(resume));
  worked = performance.now();
}
