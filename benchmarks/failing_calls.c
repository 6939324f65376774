/* Makes one of the C library's calls on files fail, for failing_calls.py: loaded before it by LD_PRELOAD.

   Counts the calls on files below a folder, and lets number `failing` end as asked. Calls that the C library makes of
   itself (fread, fwrite) are not seen. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ONCE, FROM_THEN_ON, SHORT };  /* how it fails: once, each call that takes room from then on, half of a write */

static char folder[PATH_MAX], hit[PATH_MAX + 32];
static volatile int armed;
static int failing, failure, how, seen;

void failing_calls_arm(const char *below, int number, int error, int kind) {
    strncpy(folder, below, sizeof folder - 1);
    failing = number, failure = error, how = kind, hit[0] = 0;
    __atomic_store_n(&seen, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&armed, 1, __ATOMIC_SEQ_CST);
}

int failing_calls_disarm(void) {
    __atomic_store_n(&armed, 0, __ATOMIC_SEQ_CST);
    return seen;
}

const char *failing_calls_hit(void) { return hit; }

static int is_below(const char *path) {
    size_t length = strlen(folder);
    return !strncmp(path, folder, length) && path[length] == '/';
}

/* Whether this call is to fail. `room`: whether it takes room on the disk. */
static int fails(const char *name, const char *path, int room) {
    if (!is_below(path)) return 0;
    int number = __atomic_fetch_add(&seen, 1, __ATOMIC_SEQ_CST);
    if (number != failing && !(how == FROM_THEN_ON && room && failing >= 0 && number > failing)) return 0;
    if (number == failing) snprintf(hit, sizeof hit, "%s %s", name, path);
    return how != FROM_THEN_ON || room;
}

static const char *path_at(int directory, const char *path, char *buffer) {
    char link[64];
    if (path[0] == '/') return path;
    if (directory == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
    else snprintf(link, sizeof link, "/proc/self/fd/%d", directory);
    ssize_t length = readlink(link, buffer, PATH_MAX - 1);
    if (length < 0) length = 0;
    snprintf(buffer + length, PATH_MAX - length, "/%s", path);
    return buffer;
}

static const char *path_of(int file, char *buffer) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, buffer, PATH_MAX - 1);
    buffer[length < 0 ? 0 : length] = 0;
    return buffer;
}

#define REAL(type, name, ...) static type (*real)(__VA_ARGS__); if (!real) real = dlsym(RTLD_NEXT, #name)
#define FAIL_AT(directory, path, room, name) do { char buffer[PATH_MAX]; \
    if (armed && fails(name, path_at(directory, path, buffer), room)) { errno = failure; return -1; } } while (0)
#define FAIL_OF(file, room, name) do { char buffer[PATH_MAX]; \
    if (armed && fails(name, path_of(file, buffer), room)) { errno = failure; return -1; } } while (0)

#define OPEN(name, directory, ...) { \
    va_list more; va_start(more, flags); mode_t mode = va_arg(more, int); va_end(more); \
    FAIL_AT(directory, path, (flags & O_CREAT) != 0, "open"); return real(__VA_ARGS__, flags, mode); }
int open(const char *path, int flags, ...) { REAL(int, open, const char *, int, ...); OPEN(open, AT_FDCWD, path) }
int open64(const char *path, int flags, ...) { REAL(int, open64, const char *, int, ...); OPEN(open, AT_FDCWD, path) }
int openat(int at, const char *path, int flags, ...) { REAL(int, openat, int, const char *, int, ...); OPEN(open, at, at, path) }
int openat64(int at, const char *path, int flags, ...) { REAL(int, openat64, int, const char *, int, ...); OPEN(open, at, at, path) }

ssize_t write(int file, const void *data, size_t size) {
    REAL(ssize_t, write, int, const void *, size_t);
    char buffer[PATH_MAX];
    if (armed && fails("write", path_of(file, buffer), 1)) {
        if (how == SHORT) return real(file, data, size > 1 ? size / 2 : size);
        errno = failure;
        return -1;
    }
    return real(file, data, size);
}
ssize_t pwrite64(int file, const void *data, size_t size, off_t at) { REAL(ssize_t, pwrite64, int, const void *, size_t, off_t); FAIL_OF(file, 1, "pwrite"); return real(file, data, size, at); }
ssize_t writev(int file, const struct iovec *data, int count) { REAL(ssize_t, writev, int, const struct iovec *, int); FAIL_OF(file, 1, "writev"); return real(file, data, count); }
ssize_t read(int file, void *data, size_t size) { REAL(ssize_t, read, int, void *, size_t); FAIL_OF(file, 0, "read"); return real(file, data, size); }
ssize_t pread64(int file, void *data, size_t size, off_t at) { REAL(ssize_t, pread64, int, void *, size_t, off_t); FAIL_OF(file, 0, "pread"); return real(file, data, size, at); }
int fsync(int file) { REAL(int, fsync, int); FAIL_OF(file, 1, "fsync"); return real(file); }
int fdatasync(int file) { REAL(int, fdatasync, int); FAIL_OF(file, 1, "fdatasync"); return real(file); }
int ftruncate64(int file, off_t size) { REAL(int, ftruncate64, int, off_t); FAIL_OF(file, 1, "ftruncate"); return real(file, size); }
int rename(const char *path, const char *to) { REAL(int, rename, const char *, const char *); FAIL_AT(AT_FDCWD, path, 0, "rename"); return real(path, to); }
int renameat(int at, const char *path, int other, const char *to) { REAL(int, renameat, int, const char *, int, const char *); FAIL_AT(at, path, 0, "rename"); return real(at, path, other, to); }
int unlink(const char *path) { REAL(int, unlink, const char *); FAIL_AT(AT_FDCWD, path, 0, "unlink"); return real(path); }
int unlinkat(int at, const char *path, int flags) { REAL(int, unlinkat, int, const char *, int); FAIL_AT(at, path, 0, "unlink"); return real(at, path, flags); }
int mkdir(const char *path, mode_t mode) { REAL(int, mkdir, const char *, mode_t); FAIL_AT(AT_FDCWD, path, 1, "mkdir"); return real(path, mode); }
int rmdir(const char *path) { REAL(int, rmdir, const char *); FAIL_AT(AT_FDCWD, path, 0, "rmdir"); return real(path); }
