/* Stands between a program and the file system, and refuses what a file tells it to refuse.
 *
 * REFUSE names that file. While it says "sync N", every fsync and fdatasync fails with the error number N; while it says "change N",
 * everything that changes a file or a folder does. Everything else, and everything while the file is not there, is done.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static int refused(const char *what)
{
    const char *path = getenv("REFUSE");
    FILE *file = path ? fopen(path, "re") : NULL;
    char word[16] = "";
    int number = 0;
    if (!file)
        return 0;
    int told = fscanf(file, "%15s %d", word, &number) == 2 && strcmp(word, what) == 0;
    fclose(file);
    if (told)
        errno = number;
    return told;
}

int fsync(int fd)
{
    return refused("sync") ? -1 : syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    return refused("sync") ? -1 : syscall(SYS_fdatasync, fd);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off_t at)
{
    return refused("change") ? -1 : syscall(SYS_pwrite64, fd, bytes, len, at);
}

int ftruncate64(int fd, off_t len)
{
    return refused("change") ? -1 : syscall(SYS_ftruncate, fd, len);
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    if ((flags & O_ACCMODE) != O_RDONLY && refused("change"))
        return -1;
    return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int rename(const char *from, const char *to)
{
    return refused("change") ? -1 : syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int unlink(const char *path)
{
    return refused("change") ? -1 : syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int mkdir(const char *path, mode_t mode)
{
    return refused("change") ? -1 : syscall(SYS_mkdirat, AT_FDCWD, path, mode);
}
