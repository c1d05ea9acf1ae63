/**
 * Why this Node.js can't run the program; null if it can.
 *
 * @param version such as `20.19.0`
 * @param wanted such as `>=20.19`
 */
export function versionFault(version: string, wanted: string): string | null {
  const [major = 0, minor = 0] = numbersOf(version);
  const [wantedMajor = 0, wantedMinor = 0] = numbersOf(wanted);
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return null;
  return `Node.js ${version} is too old: install ${wantedMajor}.${wantedMinor} or newer`;
}

function numbersOf(text: string): readonly number[] {
  return (text.match(/\d+/g) ?? []).map(Number);
}
