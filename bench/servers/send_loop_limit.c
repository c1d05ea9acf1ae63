/*
 * The physical limit for servers that write once a message: a bare loop of send().
 *
 *   send_loop_limit PORT
 *
 * GET opens a stream. The body of a POST (Content-Length, at most 4 KiB) is wrapped as a display
 * frame's event and sent to every stream. No parsing beyond that, no queues, no timers: what does
 * not fit into a socket is lost. It takes pipelined requests. On 127.0.0.1 only.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_STREAMS = 65536, REQUEST_BYTES = 65536, BODY_BYTES = 4096 };

static const char STREAM_HEAD[] =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: text/html\r\n"
    "Transfer-Encoding: chunked\r\n"
    "\r\n"
    "11\r\n<!doctype html>\r\n\r\n";
static const char PUBLISHED[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

static int streams[MAX_STREAMS];
static int stream_count = 0;

static int listen_on(int port) {
  int one = 1;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in address = {
      .sin_family = AF_INET,
      .sin_port = htons(port),
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
  if (bind(fd, (void *)&address, sizeof address) < 0 || listen(fd, 4096) < 0) {
    perror("send_loop_limit: listen");
    exit(1);
  }
  return fd;
}

static void watch(int epoll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void accept_one(int epoll, int listener) {
  int one = 1;
  int fd = accept(listener, NULL, NULL);
  if (fd < 0) return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  watch(epoll, fd);
}

static void hang_up(int fd) {
  close(fd);
  for (int i = 0; i < stream_count; i++) {
    if (streams[i] != fd) continue;
    streams[i] = streams[--stream_count];
    return;
  }
}

static void open_stream(int fd) {
  if (stream_count == MAX_STREAMS) {
    hang_up(fd);
    return;
  }
  send(fd, STREAM_HEAD, sizeof STREAM_HEAD - 1, MSG_NOSIGNAL);
  streams[stream_count++] = fd;
}

static void broadcast(const char *body, int length) {
  char event[BODY_BYTES + 256];
  char chunk[BODY_BYTES + 512];
  int event_length = snprintf(event, sizeof event,
      "<script>parent.push({\"id\":\"1\",\"channel\":\"a\",\"data\":\"%.*s\"})</script>\n",
      length < BODY_BYTES ? length : BODY_BYTES, body);
  int chunk_length = snprintf(chunk, sizeof chunk, "%x\r\n%s\r\n", event_length, event);
  for (int i = 0; i < stream_count; i++) {
    send(streams[i], chunk, chunk_length, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

/* Handle the requests that `text` holds; the last body may still have to be read. */
static void publish_all(int fd, char *text, int length) {
  char *request = text;
  while (request < text + length) {
    char *body = strstr(request, "\r\n\r\n");
    char *header = strcasestr(request, "content-length:");
    if (!body || !header) return;
    body += 4;
    int body_length = atoi(header + 15);
    while (body + body_length > text + length) {
      int more = recv(fd, text + length, REQUEST_BYTES - 1 - length, 0);
      if (more <= 0) return;
      length += more;
      text[length] = 0;
    }
    broadcast(body, body_length);
    send(fd, PUBLISHED, sizeof PUBLISHED - 1, MSG_NOSIGNAL);
    request = body + body_length;
  }
}

static void read_from(int fd) {
  static char text[REQUEST_BYTES];
  int length = recv(fd, text, sizeof text - 1, 0);
  if (length <= 0) {
    hang_up(fd);
    return;
  }
  text[length] = 0;
  if (!memcmp(text, "GET", 3)) open_stream(fd);
  else publish_all(fd, text, length);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fputs("usage: send_loop_limit PORT\n", stderr);
    return 2;
  }
  int listener = listen_on(atoi(argv[1]));
  int epoll = epoll_create1(0);
  watch(epoll, listener);
  for (;;) {
    struct epoll_event events[512];
    int count = epoll_wait(epoll, events, 512, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) accept_one(epoll, listener);
      else read_from(fd);
    }
  }
}
