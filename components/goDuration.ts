/**
 * Seconds as Go writes a duration, and so the Docker provider in what it reads back: `1m30s`. Any other spelling of the same
 * time would be a change in every preview.
 *
 * @param seconds a whole number, 0 or more
 * @example goDuration(90) // "1m30s"
 */
export function goDuration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const parts = [...(hours > 0 ? [`${hours}h`] : []), ...(hours > 0 || minutes > 0 ? [`${minutes}m`] : [])];
  return `${parts.join("")}${seconds % 60}s`;
}
