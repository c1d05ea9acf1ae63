/** Whether a connection speaks TLS. */
export function isEncrypted(connection: object | null): boolean {
  return connection !== null && "encrypted" in connection && connection.encrypted === true;
}
