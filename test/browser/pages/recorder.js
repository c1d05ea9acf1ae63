// Opens streams for a test, and keeps what their handlers are told.
window.recordings = [];

/** @returns the recording's number */
window.record = (options) => {
  const calls = [];
  // Copies: Firefox's driver gives an object that is there twice only once.
  const copy = (value) => value && JSON.parse(JSON.stringify(value));
  const keep = (name) => (first, second) =>
    calls.push({ name, first: copy(first), second: copy(second) });
  const handlers = {};
  for (const name of ["onopen", "onmessage", "ongap", "onlive", "onclose", "onerror", "onstate"])
    handlers[name] = keep(name);
  const stream = window.foreverframe.open({ ...handlers, ...options });
  return window.recordings.push({ stream, calls }) - 1;
};
