/* Loaded before libc: makes one call that changes a file below FAULT_BELOW fail, or all from that one on.
 *
 *   FAULT_BELOW  folder whose files are concerned
 *   FAULT_AT     number of the first call that fails, from 1; without it, calls are only counted
 *   FAULT_ERRNO  what it fails with
 *   FAULT_LASTS  1: all later calls fail as well, as on a disk that stays full
 *   FAULT_COUNT  file that takes the number of calls when the program ends
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

static int below(const char *path) {
    const char *folder = getenv("FAULT_BELOW");
    return folder && path && strncmp(path, folder, strlen(folder)) == 0;
}

static int below_fd(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return below(path);
}

static int fails(int concerned) {
    if (!concerned) return 0;
    long number = atomic_fetch_add(&calls, 1) + 1;
    const char *at = getenv("FAULT_AT");
    if (!at) return 0;
    long first = atol(at);
    const char *lasts = getenv("FAULT_LASTS");
    if (number != first && !(lasts && number > first)) return 0;
    errno = atoi(getenv("FAULT_ERRNO"));
    return 1;
}

__attribute__((destructor)) static void count(void) {
    const char *path = getenv("FAULT_COUNT");
    if (!path) return;
    FILE *file = fopen(path, "w");
    if (!file) return;
    fprintf(file, "%ld\n", atomic_load(&calls));
    fclose(file);
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *bytes, size_t n) {
    REAL(write);
    return fails(below_fd(fd)) ? -1 : real(fd, bytes, n);
}
ssize_t writev(int fd, const struct iovec *parts, int n) {
    REAL(writev);
    return fails(below_fd(fd)) ? -1 : real(fd, parts, n);
}
ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at) {
    REAL(pwrite64);
    return fails(below_fd(fd)) ? -1 : real(fd, bytes, n, at);
}
int fsync(int fd) {
    REAL(fsync);
    return fails(below_fd(fd)) ? -1 : real(fd);
}
int fdatasync(int fd) {
    REAL(fdatasync);
    return fails(below_fd(fd)) ? -1 : real(fd);
}
int ftruncate64(int fd, off64_t n) {
    REAL(ftruncate64);
    return fails(below_fd(fd)) ? -1 : real(fd, n);
}
int rename(const char *from, const char *to) {
    REAL(rename);
    return fails(below(to)) ? -1 : real(from, to);
}
int link(const char *from, const char *to) {
    REAL(link);
    return fails(below(to)) ? -1 : real(from, to);
}
int linkat(int a, const char *from, int b, const char *to, int flags) {
    REAL(linkat);
    return fails(below(to)) ? -1 : real(a, from, b, to, flags);
}
int symlink(const char *from, const char *to) {
    REAL(symlink);
    return fails(below(to)) ? -1 : real(from, to);
}
int mkdir(const char *path, mode_t mode) {
    REAL(mkdir);
    return fails(below(path)) ? -1 : real(path, mode);
}
int unlink(const char *path) {
    REAL(unlink);
    return fails(below(path)) ? -1 : real(path);
}
static int opens(int (*real)(const char *, int, ...), const char *path, int flags, mode_t mode) {
    int writes = (flags & O_ACCMODE) != O_RDONLY;
    return fails(writes && below(path)) ? -1 : real(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    REAL(open64);
    va_list more;
    va_start(more, flags);
    mode_t mode = va_arg(more, int);
    va_end(more);
    return opens(real, path, flags, mode);
}
int open(const char *path, int flags, ...) {
    REAL(open);
    va_list more;
    va_start(more, flags);
    mode_t mode = va_arg(more, int);
    va_end(more);
    return opens(real, path, flags, mode);
}
ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t n, unsigned flags) {
    REAL(copy_file_range);
    return fails(below_fd(out)) ? -1 : real(in, from, out, to, n, flags);
}
