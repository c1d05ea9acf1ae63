/*
 * Opens streams to one server over loopback, publishes to it, and measures what arrives.
 *
 *   fanout_load -p PORT -s STREAM_PATH -u PUBLISH_PATH [-m METHOD] [-t CONTENT_TYPE] [-b BODY]
 *               [-H 'Name: value'] [-z BYTES] [-i PID,PID] [-c CHANNELS] [-l]
 *
 *   -p  port of the server, on 127.0.0.1
 *   -s  path of a stream; %d stands for the stream's number, or with -c for that of its channel
 *   -u  path to publish to, with -m (POST), -t (text/plain) and -b, in which %s is the payload
 *   -H  one more header of the streams' requests
 *   -z  bytes of a payload, marker included (100)
 *   -i  processes of the server: their CPU time is what is reported
 *   -c  channels (1): stream N has channel N modulo CHANNELS, and messages go to them in turn; %d in
 *       -u or -b stands for the channel's number
 *   -l  publish lines of one request that has no end, each of which is answered by a line: -b is such
 *       a line
 *
 * It knows no transport. A payload starts with the marker @T<16 hex: ns><8 hex: number>@, and
 * whatever the server wraps around it is skipped: so the same program measures every server.
 *
 * Commands come on standard input, one a line, and each is answered with one JSON object a line:
 *
 *   open streams=N                  open streams until there are N; one is open with its first byte
 *   close                           hang up on all streams
 *   publish messages=K seconds=S window=W rate=R strict=0|1 drain=S
 *                                   publish until K messages or S seconds, 0 being no limit of its
 *                                   own, or until the signal SIGUSR1
 *   catch-up streams=N messages=K seconds=S
 *                                   open N streams, and wait until each was given K markers that
 *                                   were published before
 *
 * Three ways to publish:
 *   window=W   closed loop: W publishes in flight, pipelined on one connection, so that the order
 *              in which they are sent is the order in which the server must deliver
 *   strict=1   one message at a time: the next goes out when the last was answered and every
 *              stream has it. A server can batch nothing then: this is what a delivery costs
 *   rate=R     open loop: R messages a second are due, whatever the server does. Each is stamped
 *              with the time at which it was due, not with that at which it was sent: when the
 *              server is slow, the wait of those that could not be sent in time counts too (no
 *              coordinated omission). That is why a limit of publishes in flight does no harm here
 *
 * With strict=1, and with a window of more than one, the load looks at its streams only every ms, and
 * at the answers to its publishes always. Else it would be the limit itself, with a system call for
 * each delivery, and a server would pay for waking it up again and again: some us for each write,
 * which nobody pays whose clients are on other machines. It helps servers that let the kernel merge
 * small writes (Nchan had twice the deliveries/s). Latencies are up to 1 ms too long then; with a
 * rate it reads at once.
 *
 * After the last publish, or with a rate after the last was due, the rest may arrive for `drain`
 * seconds, at most 5 s without any delivery; what has not come by then, or could not even be sent,
 * is lost. Latencies go into a histogram of 128 buckets for each power of two: at most 0.8 % too
 * long, and 40 KiB however many there are.
 *
 * `load_cpu` is this program's own CPU time as a part of the time that passed: near 1, it was the
 * limit, and the server could have done more.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
  MARKER_BYTES = 27,
  MAX_STREAMS = 65536,
  READ_BYTES = 1 << 20,
  EVENTS = 256,
  SUB_BUCKETS = 128,
  BUCKETS = SUB_BUCKETS * 40,
  OPENING_AT_ONCE = 256,
  OPEN_LOOP_IN_FLIGHT = 256,
  OPEN_LOOP_LINES = 10000,
  LOOK_EVERY_NS = 1000000,
};
static const double QUIET_S = 5;
static const double OPEN_LIMIT_S = 60;

typedef enum { CLOSED, OPENING, OPEN } StreamState;

typedef struct {
  int fd;
  StreamState state;
  uint32_t last_number;
  uint32_t markers;
  int carried;
  char carry[MARKER_BYTES];
} Stream;

/* What the options say. */
static int port = 8080;
static const char *stream_path = "/";
static const char *stream_header = "";
static const char *publish_path = "/";
static const char *publish_method = "POST";
static const char *content_type = "text/plain";
static const char *body_template = "%s";
static int payload_bytes = 100;
static int pids[16];
static int pid_count = 0;
static int channels = 1;
static int by_lines = 0;

static int epoll_fd;
static Stream streams[MAX_STREAMS];
static int stream_count = 0;
/* Numbers the paths: a server may take a number that comes again for the same client. */
static int opened_ever = 0;
static int opening = 0;
static int open_count = 0;
static char *read_buffer;

/* What is counted since the last command. */
static uint64_t histogram[BUCKETS];
static uint64_t deliveries;
static uint64_t disordered;
static uint32_t first_number;
static uint64_t longest_ns;
static int wanted_markers;
static int complete_streams;

static uint32_t next_number = 1;
static int publisher = -1;
static int in_flight = 0;
static uint64_t accepted;
static uint64_t refused;
static char first_refusal[256];

static volatile sig_atomic_t stopped = 0;

static void stop_publishing(int signal) {
  (void)signal;
  stopped = 1;
}

static void die(const char *what) {
  fprintf(stderr, "fanout_load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static double seconds_since(uint64_t start) {
  return (now_ns() - start) / 1e9;
}

/* ---- The server's and the own use of CPU ---- */

/* Of all threads, in ns: /proc/PID/stat counts in steps of 10 ms. */
static double cpu_seconds_of(int pid) {
  clockid_t clock;
  struct timespec time;
  if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &time)) return 0;
  return time.tv_sec + time.tv_nsec / 1e9;
}

static double server_cpu_seconds(void) {
  double sum = 0;
  for (int i = 0; i < pid_count; i++) sum += cpu_seconds_of(pids[i]);
  return sum;
}

static double own_cpu_seconds(void) {
  struct rusage use;
  getrusage(RUSAGE_SELF, &use);
  return use.ru_utime.tv_sec + use.ru_stime.tv_sec +
         (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

/* ---- Latencies ---- */

static int bucket_of(uint64_t ns) {
  if (ns < SUB_BUCKETS) return ns;
  int shift = 63 - __builtin_clzll(ns) - 7;
  int bucket = (shift + 1) * SUB_BUCKETS + (int)(ns >> shift) - SUB_BUCKETS;
  return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

/* The upper end of a bucket, in ns. */
static uint64_t bucket_end(int bucket) {
  if (bucket < SUB_BUCKETS) return bucket;
  int shift = bucket / SUB_BUCKETS - 1;
  return ((uint64_t)(bucket % SUB_BUCKETS + SUB_BUCKETS + 1) << shift) - 1;
}

static double quantile_ms(double part) {
  if (deliveries == 0) return 0;
  uint64_t rank = (uint64_t)((deliveries - 1) * part) + 1;
  uint64_t seen = 0;
  for (int i = 0; i < BUCKETS; i++) {
    seen += histogram[i];
    if (seen < rank) continue;
    uint64_t ns = bucket_end(i);
    return (ns < longest_ns ? ns : longest_ns) / 1e6;
  }
  return longest_ns / 1e6;
}

/* ---- Streams ---- */

static int dial(void) {
  int one = 1;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0) die("socket");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct sockaddr_in address = {
      .sin_family = AF_INET,
      .sin_port = htons(port),
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
  if (connect(fd, (void *)&address, sizeof address) < 0) die("connect");
  return fd;
}

static void send_all(int fd, const char *text, size_t length) {
  while (length > 0) {
    ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);
    if (sent < 0) die("send");
    text += sent;
    length -= sent;
  }
}

/* Write `template` with what follows its first `mark`, such as %d, replaced. */
static void fill(char *out, size_t size, const char *template, const char *mark, const char *with) {
  const char *place = strstr(template, mark);
  if (place) {
    snprintf(out, size, "%.*s%s%s", (int)(place - template), template, with, place + strlen(mark));
  } else {
    snprintf(out, size, "%s", template);
  }
}

static void watch(int fd, void *stream) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = stream};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void open_stream(Stream *stream, int number_in_path) {
  char number[16], path[2048], request[4096];
  snprintf(number, sizeof number, "%d", channels > 1 ? number_in_path % channels : number_in_path);
  fill(path, sizeof path, stream_path, "%d", number);
  int length = snprintf(request, sizeof request,
      "GET %s HTTP/1.1\r\n"
      "Host: 127.0.0.1:%d\r\n"
      "User-Agent: Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 Chrome/140 Safari/537.36\r\n"
      "%s%s\r\n",
      path, port, stream_header, *stream_header ? "\r\n" : "");
  *stream = (Stream){.fd = dial(), .state = OPENING};
  send_all(stream->fd, request, length);
  watch(stream->fd, stream);
  opening++;
}

static void end_stream(Stream *stream) {
  if (stream->state == OPENING) opening--;
  if (stream->state == OPEN) open_count--;
  if (stream->state != CLOSED) close(stream->fd);
  stream->state = CLOSED;
}

static void deliver(Stream *stream, uint64_t stamp, uint32_t number, uint64_t time) {
  if (++stream->markers == (uint32_t)wanted_markers) complete_streams++;
  if (number < first_number) return;
  deliveries++;
  if (number <= stream->last_number) disordered++;
  stream->last_number = number;
  uint64_t latency = time > stamp ? time - stamp : 0;
  histogram[bucket_of(latency)]++;
  if (latency > longest_ns) longest_ns = latency;
}

/* The value of `digits` hex digits, or -1 in *valid. */
static uint64_t parse_hex(const char *text, int digits, int *valid) {
  uint64_t value = 0;
  for (int i = 0; i < digits; i++) {
    char c = text[i];
    int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) *valid = 0;
    value = value << 4 | (digit & 15);
  }
  return value;
}

/* Count the markers in what was read; an unfinished one is kept for the next read. */
static void scan(Stream *stream, const char *text, size_t length, uint64_t time) {
  const char *end = text + length;
  const char *at = text;
  stream->carried = 0;
  while ((at = memchr(at, '@', end - at))) {
    size_t left = end - at;
    if (left > 1 && at[1] != 'T') {
      at++;
      continue;
    }
    if (left < MARKER_BYTES) {
      memcpy(stream->carry, at, left);
      stream->carried = left;
      return;
    }
    int valid = at[MARKER_BYTES - 1] == '@';
    uint64_t stamp = parse_hex(at + 2, 16, &valid);
    uint32_t number = parse_hex(at + 18, 8, &valid);
    if (valid) deliver(stream, stamp, number, time);
    at += valid ? MARKER_BYTES : 2;
  }
}

static void read_stream(Stream *stream) {
  if (stream->state == CLOSED) return;
  int carried = stream->carried;
  memcpy(read_buffer, stream->carry, carried);
  ssize_t length = recv(stream->fd, read_buffer + carried, READ_BYTES - carried, MSG_DONTWAIT);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (length <= 0) {
    end_stream(stream);
    return;
  }
  uint64_t time = now_ns();
  if (stream->state == OPENING) {
    stream->state = OPEN;
    opening--;
    open_count++;
  }
  scan(stream, read_buffer, carried + length, time);
}

/* ---- Publishing ---- */

/* Lines wait here until the turn ends, as they would in a program that has many. */
static char lines[1 << 20];
static size_t lines_length = 0;

static void send_lines(void) {
  if (lines_length == 0) return;
  char size[32];
  send_all(publisher, size, snprintf(size, sizeof size, "%zx\r\n", lines_length));
  send_all(publisher, lines, lines_length);
  send_all(publisher, "\r\n", 2);
  lines_length = 0;
}

static void begin_lines(void) {
  char request[2048];
  int length = snprintf(request, sizeof request,
      "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/x-ndjson\r\n"
      "Transfer-Encoding: chunked\r\n\r\n",
      publish_path, port);
  send_all(publisher, request, length);
}

static void publish(uint64_t stamp) {
  char payload[8192], channel[16], path[2048], template[4096], body[16384], request[20480];
  int length = snprintf(payload, sizeof payload, "@T%016llx%08x@", (unsigned long long)stamp,
      next_number);
  snprintf(channel, sizeof channel, "%d", (int)(next_number++ % channels));
  while (length < payload_bytes) payload[length++] = 'x';
  payload[length] = 0;
  fill(path, sizeof path, publish_path, "%d", channel);
  fill(template, sizeof template, body_template, "%d", channel);
  fill(body, sizeof body, template, "%s", payload);
  if (by_lines) {
    if (lines_length + strlen(body) + 1 > sizeof lines) send_lines();
    lines_length += sprintf(lines + lines_length, "%s\n", body);
    in_flight++;
    return;
  }
  length = snprintf(request, sizeof request,
      "%s %s HTTP/1.1\r\n"
      "Host: 127.0.0.1:%d\r\n"
      "Content-Type: %s\r\n"
      "Content-Length: %zu\r\n"
      "\r\n"
      "%s",
      publish_method, path, port, content_type, strlen(body), body);
  send_all(publisher, request, length);
  in_flight++;
}

/* The length of the answer that `text` begins with, or 0 when it is not whole. */
static size_t answer_length(const char *text, size_t length) {
  const char *head_end = memmem(text, length, "\r\n\r\n", 4);
  if (!head_end) return 0;
  size_t head = head_end + 4 - text;
  const char *header = strcasestr(text, "content-length:");
  if (header && header < head_end) {
    size_t whole = head + atol(header + 15);
    return whole <= length ? whole : 0;
  }
  header = strcasestr(text, "transfer-encoding:");
  if (!header || header > head_end) return head;
  const char *last = memmem(text + head, length - head, "0\r\n\r\n", 5);
  return last ? (size_t)(last + 5 - text) : 0;
}

/* Answers to lines: a line with an id for each that was taken, and any other text in between. */
static size_t take_line_answers(const char *text, size_t length) {
  const char *end = memrchr(text, '\n', length);
  if (!end) return 0;
  for (const char *at = text; at < end;) {
    const char *line_end = memchr(at, '\n', end + 1 - at);
    int is_taken = !strncmp(at, "{\"id\"", 5);
    int is_refused = !strncmp(at, "{\"error\"", 8);
    if (is_taken) accepted++;
    if (is_refused && refused++ == 0) {
      snprintf(first_refusal, sizeof first_refusal, "a refused line");
    }
    in_flight -= is_taken || is_refused;
    at = line_end + 1;
  }
  return end + 1 - text;
}

static void read_answers(void) {
  static char text[65536];
  static size_t length = 0;
  ssize_t more = recv(publisher, text + length, sizeof text - 1 - length, MSG_DONTWAIT);
  if (more < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (more <= 0) {
    errno = more < 0 ? errno : EPIPE;
    if (in_flight > 0) die("the server closed the publisher's connection");
    /* It was idle for longer than the server keeps connections. */
    close(publisher);
    publisher = -1;
    return;
  }
  length += more;
  text[length] = 0;
  size_t used = by_lines ? take_line_answers(text, length) : 0;
  for (size_t answer; !by_lines &&  (answer = answer_length(text + used, length - used)); used += answer) {
    int status = atoi(text + used + 9);
    in_flight--;
    if (status >= 200 && status < 300) {
      accepted++;
    } else if (refused++ == 0) {
      snprintf(first_refusal, sizeof first_refusal, "%d", status);
    }
  }
  memmove(text, text + used, length - used);
  length -= used;
}

/* ---- The loop ---- */

/* Handle what the sockets have, and wait for at most `wait_ns` if there is nothing. Returns whether a command came. */
static int turn(uint64_t wait_ns) {
  struct epoll_event events[EVENTS];
  struct timespec wait = {.tv_sec = wait_ns / 1000000000, .tv_nsec = wait_ns % 1000000000};
  int command = 0;
  int count = epoll_pwait2(epoll_fd, events, EVENTS, &wait, NULL);
  for (int i = 0; i < count; i++) {
    void *source = events[i].data.ptr;
    if (source == &publisher) read_answers();
    else if (source == stdin) command = 1;
    else read_stream(source);
  }
  return command;
}

static void start_counting(void) {
  memset(histogram, 0, sizeof histogram);
  deliveries = disordered = longest_ns = 0;
  accepted = refused = 0;
  first_number = next_number;
  complete_streams = 0;
  for (int i = 0; i < stream_count; i++) {
    streams[i].last_number = 0;
    streams[i].markers = 0;
  }
}

/* ---- Commands ---- */

static double parameter(const char *line, const char *name, double otherwise) {
  char pattern[32];
  snprintf(pattern, sizeof pattern, " %s=", name);
  const char *found = strstr(line, pattern);
  return found ? atof(found + strlen(pattern)) : otherwise;
}

static void open_until(int wanted, uint64_t start) {
  if (wanted > MAX_STREAMS) wanted = MAX_STREAMS;
  while (stream_count < wanted) {
    /* More at once than the server's queue of connections takes would wait 1 s for the kernel to ask again. */
    while (opening >= OPENING_AT_ONCE && seconds_since(start) < OPEN_LIMIT_S) turn(1000000);
    if (seconds_since(start) >= OPEN_LIMIT_S) break;
    open_stream(&streams[stream_count++], opened_ever++);
    if (stream_count % 16 == 0) turn(0);
  }
  while (opening > 0 && seconds_since(start) < OPEN_LIMIT_S) turn(1000000);
}

static void run_open(const char *line) {
  int wanted = parameter(line, "streams", 0);
  double cpu = server_cpu_seconds(), own = own_cpu_seconds();
  int before = stream_count;
  uint64_t start = now_ns();
  open_until(wanted, start);
  double wall = seconds_since(start);
  cpu = server_cpu_seconds() - cpu;
  own = own_cpu_seconds() - own;
  int tried = stream_count - before > 0 ? stream_count - before : 1;
  printf("{\"open\":%d,\"wall_s\":%.4f,\"us_per_open\":%.2f,\"cpu_us_per_open\":%.2f,"
         "\"load_cpu\":%.3f}\n",
      open_count, wall, wall * 1e6 / tried, cpu * 1e6 / tried, own / wall);
}

static void run_close(void) {
  for (int i = 0; i < stream_count; i++) end_stream(&streams[i]);
  int closed = stream_count;
  stream_count = 0;
  printf("{\"closed\":%d}\n", closed);
}

typedef struct {
  uint64_t messages;
  double seconds;
  int window;
  double rate;
  int strict;
  double drain_s;
} Plan;

/* With a rate, more than this is not sent before answers have come. */
static int open_loop_in_flight(void) {
  return by_lines ? OPEN_LOOP_LINES : OPEN_LOOP_IN_FLIGHT;
}

/* Send what may go out now. Returns how many messages were sent so far. */
static uint64_t send_due(const Plan *plan, uint64_t sent, uint64_t start) {
  if (plan->rate > 0) {
    uint64_t due = seconds_since(start) * plan->rate;
    while (sent < plan->messages && sent <= due && in_flight < open_loop_in_flight()) {
      publish(start + (uint64_t)(sent++ / plan->rate * 1e9));
    }
    return sent;
  }
  if (plan->seconds > 0 && seconds_since(start) >= plan->seconds) return plan->messages;
  if (plan->strict) {
    if (in_flight == 0 && deliveries >= sent * (open_count / channels)) {
      publish(now_ns());
      sent++;
    }
    return sent;
  }
  while (sent < plan->messages && in_flight < plan->window) {
    publish(now_ns());
    sent++;
  }
  return sent;
}

/* Leave the streams alone for 1 ms, and go on publishing as answers come. Returns how many messages were sent so far. */
static uint64_t publish_only(const Plan *plan, uint64_t sent, uint64_t start) {
  uint64_t end = now_ns() + LOOK_EVERY_NS;
  for (uint64_t now; sent < plan->messages && (now = now_ns()) < end;) {
    struct pollfd answers = {.fd = publisher, .events = POLLIN};
    struct timespec wait = {.tv_nsec = end - now};
    if (ppoll(&answers, 1, &wait, NULL) <= 0) continue;
    read_answers();
    sent = send_due(plan, sent, start);
    send_lines();
  }
  return sent;
}

static uint64_t wait_until_due(const Plan *plan, uint64_t sent, uint64_t start) {
  if (plan->rate == 0 || sent >= plan->messages) return 5000000;
  uint64_t due = start + (uint64_t)(sent / plan->rate * 1e9);
  uint64_t now = now_ns();
  if (due <= now) return in_flight < open_loop_in_flight() ? 0 : 1000000;
  return due - now < 5000000 ? due - now : 5000000;
}

static void run_publish(const char *line) {
  Plan plan = {
      .messages = parameter(line, "messages", 0),
      .seconds = parameter(line, "seconds", 0),
      .window = parameter(line, "window", 1),
      .rate = parameter(line, "rate", 0),
      .strict = parameter(line, "strict", 0),
      .drain_s = parameter(line, "drain", 10),
  };
  if (plan.rate > 0 && plan.seconds > 0) plan.messages = plan.rate * plan.seconds;
  if (plan.messages == 0) plan.messages = UINT32_MAX;
  if (publisher < 0) {
    publisher = dial();
    watch(publisher, &publisher);
    if (by_lines) begin_lines();
  }
  stopped = 0;
  start_counting();
  uint32_t number = next_number;
  int opened = open_count, listeners = open_count / channels;
  double offered_s = plan.rate > 0 ? plan.messages / plan.rate : 0;
  double cpu = server_cpu_seconds(), own = own_cpu_seconds();
  uint64_t start = now_ns(), last = start, sent_at = 0, seen = 0, answered = 0, sent = 0;
  for (;;) {
    if (!sent_at) {
      sent = send_due(&plan, sent, start);
      if (sent >= plan.messages) {
        sent_at = now_ns();
        if (plan.rate == 0) offered_s = seconds_since(start);
      }
    }
    send_lines();
    turn(wait_until_due(&plan, sent, start));
    if (plan.strict) usleep(LOOK_EVERY_NS / 1000);
    else if (plan.window > 1 && plan.rate == 0 && !sent_at) sent = publish_only(&plan, sent, start);
    if (stopped && !sent_at) {
      plan.messages = next_number - number;
      offered_s = seconds_since(start);
    }
    if (deliveries != seen || accepted + refused != answered) {
      seen = deliveries;
      answered = accepted + refused;
      last = now_ns();
    }
    sent = next_number - number;
    if (sent_at && in_flight == 0 && deliveries >= sent * listeners) break;
    if (seconds_since(start) > offered_s + plan.drain_s && (sent_at || plan.rate > 0)) break;
    if (seconds_since(last) > QUIET_S && (sent_at || in_flight > 0 || plan.rate == 0)) break;
  }
  double wall = (last - start) / 1e9, whole = seconds_since(start);
  cpu = server_cpu_seconds() - cpu;
  own = own_cpu_seconds() - own;
  uint64_t wanted = (plan.rate > 0 ? plan.messages : sent) * listeners;
  printf("{\"messages\":%llu,\"accepted\":%llu,\"refused\":%llu,\"refusal\":\"%s\","
         "\"wanted\":%llu,\"delivered\":%llu,\"lost\":%lld,\"disordered\":%llu,\"hung_up\":%d,"
         "\"wall_s\":%.4f,\"deliveries_per_s\":%.1f,\"cpu_us_per_delivery\":%.4f,"
         "\"load_cpu\":%.3f,"
         "\"p50_ms\":%.4f,\"p90_ms\":%.4f,\"p99_ms\":%.4f,\"p999_ms\":%.4f,\"max_ms\":%.4f}\n",
      (unsigned long long)sent, (unsigned long long)accepted, (unsigned long long)refused,
      first_refusal, (unsigned long long)wanted, (unsigned long long)deliveries,
      (long long)(wanted - deliveries), (unsigned long long)disordered, opened - open_count,
      wall, deliveries / (wall > 0 ? wall : 1), deliveries ? cpu * 1e6 / deliveries : 0,
      own / whole, quantile_ms(.5), quantile_ms(.9),
      quantile_ms(.99), quantile_ms(.999), longest_ns / 1e6);
}

static void run_catch_up(const char *line) {
  int wanted = parameter(line, "streams", 0);
  double limit = parameter(line, "seconds", 30);
  start_counting();
  wanted_markers = parameter(line, "messages", 0);
  double cpu = server_cpu_seconds(), own = own_cpu_seconds();
  uint64_t start = now_ns();
  open_until(wanted, start);
  while (complete_streams < wanted && seconds_since(start) < limit) turn(1000000);
  double wall = seconds_since(start);
  cpu = server_cpu_seconds() - cpu;
  own = own_cpu_seconds() - own;
  uint64_t markers = 0;
  for (int i = 0; i < stream_count; i++) markers += streams[i].markers;
  wanted_markers = 0;
  printf("{\"open\":%d,\"complete\":%d,\"delivered\":%llu,\"wall_s\":%.4f,"
         "\"deliveries_per_s\":%.1f,\"cpu_us_per_delivery\":%.4f,\"load_cpu\":%.3f}\n",
      open_count, complete_streams, (unsigned long long)markers, wall, markers / wall,
      markers ? cpu * 1e6 / markers : 0, own / wall);
}

static void run(const char *line) {
  if (!strncmp(line, "open ", 5)) run_open(line);
  else if (!strncmp(line, "close", 5)) run_close();
  else if (!strncmp(line, "publish ", 8)) run_publish(line);
  else if (!strncmp(line, "catch-up ", 9)) run_catch_up(line);
  else printf("{\"error\":\"unknown command\"}\n");
  fflush(stdout);
}

static void take_options(int argc, char **argv) {
  for (int option; (option = getopt(argc, argv, "p:s:u:m:t:b:H:z:i:c:l")) > 0;) {
    if (option == 'p') port = atoi(optarg);
    else if (option == 's') stream_path = optarg;
    else if (option == 'u') publish_path = optarg;
    else if (option == 'm') publish_method = optarg;
    else if (option == 't') content_type = optarg;
    else if (option == 'b') body_template = optarg;
    else if (option == 'H') stream_header = optarg;
    else if (option == 'z') payload_bytes = atoi(optarg);
    else if (option == 'c') channels = atoi(optarg);
    else if (option == 'l') by_lines = 1;
    else if (option == 'i') {
      for (char *pid = strtok(optarg, ","); pid && pid_count < 16; pid = strtok(NULL, ",")) {
        pids[pid_count++] = atoi(pid);
      }
    } else exit(2);
  }
  if (payload_bytes > 8000) {
    fputs("fanout_load: -z takes at most 8000 bytes\n", stderr);
    exit(2);
  }
}

int main(int argc, char **argv) {
  take_options(argc, argv);
  signal(SIGUSR1, stop_publishing);
  read_buffer = malloc(READ_BYTES);
  epoll_fd = epoll_create1(0);
  /* One shot, or a command that comes while another runs would wake every turn. */
  struct epoll_event commands = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = stdin};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, STDIN_FILENO, &commands);
  char line[1024];
  for (;;) {
    if (!turn(1000000000)) continue;
    /* Read unbuffered: what stdio held back, epoll would not tell. */
    size_t length = 0;
    while (length < sizeof line - 1) {
      if (read(STDIN_FILENO, line + length, 1) <= 0) return 0;
      if (line[length++] == '\n') break;
    }
    line[length ? length - 1 : 0] = 0;
    run(line);
    epoll_ctl(epoll_fd, EPOLL_CTL_MOD, STDIN_FILENO, &commands);
  }
}
