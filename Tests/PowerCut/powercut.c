// A simulation of a power cut with interposed file calls: what a process has not brought to disk with fsync is gone.
//
//     clang -shared -fPIC -O2 -Wall -Wextra -o powercut.so powercut.c
//     export POWERCUT_ROOT=DIR/state POWERCUT_SHADOW=DIR/shadow LD_PRELOAD=DIR/powercut.so
//     program ...                      any number of processes, one after another or at once; then kill -9 to all of them. Whatever
//                                      writes below ROOT until the restore must run so: an unseen fsync counts as none
//     POWERCUT_RESTORE=1 /bin/true     the power is back: ROOT is now what was on disk. Exit code 0; 69 where no process had come as far
//                                      as its main function, and all is as it was; 70 and a message where something is wrong
//
// Both paths are absolute, without symbolic links, on one file system that has extended attributes (ext4, xfs, btrfs, tmpfs since
// Linux 6.6), and neither lies in the other. Without the variables nothing is done. Where the simulation itself fails, and where a
// process still runs at the restore, it ends with exit code 70: a broken simulation must not look like a disk that keeps everything.
//
// fsync and fdatasync of what lies below ROOT copy it into the durable image, which is all that a cut leaves:
//
//     SHADOW/data/ID       a file's bytes and mode, as of its last fsync
//     SHADOW/entries/ID    a directory's names, each with the ID or the target behind it, as of its last fsync
//     SHADOW/ready         the first process has taken all that was below ROOT for durable
//
// The model is as strict as POSIX lets a disk be. A file has the bytes of its last fsync, and none where there was none; a directory
// the names of its last fsync. An fsync of a file does not save its name, nor one of a directory the files in it: a name that was
// saved of a file that was not is an empty file. Only ROOT itself is always there; where it never came to be, it is left missing. A
// rename is atomic within a directory; between two, each tells its own story. No fsync, so judged more strictly than by Linux, are
// O_SYNC, msync, sync_file_range, io_uring, system calls past libc, and an fsync while a file lay outside of ROOT. Sockets, pipes
// and devices are not restored.
//
// A real disk may hold more than it had to. With POWERCUT_TORN=SEED beside POWERCUT_RESTORE a seeded coin decides for each directory
// between its saved and its last names, and for each file between its saved bytes, its last ones, and a mixture of both by pages of
// 4 KiB (with the size of either; a page that is nowhere is zeros).

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

typedef char Path[PATH_MAX];
typedef char ID[64];

static Path root, shadow;  // empty: the library does nothing
static int torn;
static uint64_t randomness;

_Noreturn static void fail(const char *what) {
    dprintf(STDERR_FILENO, "powercut: %s: %s\n", what, strerror(errno));
    _exit(70);
}

__attribute__((format(printf, 2, 3))) static char *format(char *path, const char *form, ...) {
    va_list values;
    va_start(values, form);
    int length = vsnprintf(path, PATH_MAX, form, values);
    va_end(values);
    errno = ENAMETOOLONG;
    if (length < 0 || length >= PATH_MAX) fail(form);
    return path;
}

static int openOrFail(const char *path, int flags) {
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd < 0) fail(path);
    return fd;
}

static void makeFolder(const char *name) {
    Path path;
    if (mkdir(format(path, "%s/%s", shadow, name), 0700) < 0 && errno != EEXIST) fail(path);
}

// One change of the image at a time, among all processes: of two fsyncs of a file, the one that read it first must not be the last to
// write. The kernel gives the lock back when its holder is killed. LOCK_UN, as a child forked meanwhile has the descriptor too.
static int lock(void) {
    Path path;
    int fd = openOrFail(format(path, "%s/lock", shadow), O_RDWR | O_CREAT);
    while (flock(fd, LOCK_EX) < 0) if (errno != EINTR) fail(path);
    return fd;
}

static void unlock(int fd) {
    flock(fd, LOCK_UN);
    close(fd);
}

// --- Saving

// The name of a file or directory in the image. An inode's number is used again once it is free, and would hand the past of a removed
// file to a new one; so the name is an attribute, which goes when the inode goes. It begins with the number, because what copies a
// file may copy its attributes. By path, as descriptors of O_PATH have no fsetxattr.
static void identify(int fd, char *id) {
    struct stat status;
    struct timespec now;
    Path path;
    char own[24];
    if (fstat(fd, &status) < 0) fail("fstat");
    int prefix = snprintf(own, sizeof own, "%llx-", (unsigned long long)status.st_ino);
    ssize_t length = getxattr(format(path, "/proc/self/fd/%d", fd), "user.powercut", id, sizeof(ID) - 1);
    id[length < 0 ? 0 : length] = 0;
    if (strncmp(id, own, prefix) == 0) return;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(id, sizeof(ID), "%s%llx", own, now.tv_sec * 1000000000ull + now.tv_nsec);
    if (setxattr(path, "user.powercut", id, strlen(id), 0) < 0) fail("extended attributes");
}

// What is in the making is SHADOW/new: the image holds the old or the new, also when the process is killed in between.
static void publish(const char *folder, const char *id) {
    Path new, place;
    if (rename(format(new, "%s/new", shadow), format(place, "%s/%s/%s", shadow, folder, id)) < 0) fail(place);
}

static int isVisible(const struct dirent *entry) { return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0; }
static int byName(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

// Three strings for each entry: the mode, the ID (of a symbolic link, its target), the name.
static void saveEntries(int directory, const char *folder, const char *id) {
    Path path, target;
    struct dirent **entries;
    FILE *out = fopen(format(path, "%s/new", shadow), "we");
    int count = scandirat(directory, ".", &entries, isVisible, byName);  // opens it again: the caller's offset stays
    if (!out || count < 0) fail(path);
    for (int i = 0; i < count; i++) {
        // O_PATH pins what the name means now, and closing such a descriptor is harmless. Closing one of another kind would drop the
        // POSIX locks that this process holds on the file; SQLite's are such locks.
        int fd = openat(directory, entries[i]->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat status = {0};
        if ((fd < 0 || fstat(fd, &status) < 0) && errno != ENOENT) fail(entries[i]->d_name);  // ENOENT: removed meanwhile
        int isLink = S_ISLNK(status.st_mode), isKnown = S_ISREG(status.st_mode) || S_ISDIR(status.st_mode);
        if (isLink) target[readlinkat(fd, "", target, sizeof target - 1)] = 0;  // of a link that is open this can't fail
        if (isKnown) identify(fd, target);
        if (isLink || isKnown) fprintf(out, "%o%c%s%c%s%c", status.st_mode, 0, target, 0, entries[i]->d_name, 0);
        if (fd >= 0) close(fd);
        free(entries[i]);
    }
    free(entries);
    if (fclose(out) != 0) fail(path);
    publish(folder, id);
}

static void saveFile(int fd, const char *id, mode_t mode) {
    _Alignas(4096) char bytes[65536];  // for O_DIRECT
    Path path;
    ssize_t count;
    int in = fd, out = openOrFail(format(path, "%s/new", shadow), O_WRONLY | O_CREAT | O_TRUNC);
    // Read through the caller's descriptor, at offsets of our own: a second one of the file would drop its POSIX locks when closed. One
    // that is only for writing leaves no choice; who holds locks has another.
    if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) in = openOrFail(format(path, "/proc/self/fd/%d", fd), O_RDONLY);
    for (off_t offset = 0; (count = pread(in, bytes, sizeof bytes, offset)) > 0; offset += count)
        if (write(out, bytes, count) != count) fail("the image");
    if (count < 0 || fchmod(out, mode & 07777) < 0) fail("a file that is synced");
    close(out);
    if (in != fd) close(in);
    publish("data", id);
}

static void save(int fd) {
    ID id;
    struct stat status;
    identify(fd, id);
    if (fstat(fd, &status) < 0) fail("fstat");
    if (S_ISDIR(status.st_mode)) saveEntries(fd, "entries", id);
    else saveFile(fd, id, status.st_mode);
}

static int savePath(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)walk;
    if (type == FTW_NS || !(S_ISREG(status->st_mode) || S_ISDIR(status->st_mode))) return 0;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) return 0;  // removed meanwhile
    if (fd < 0) fail(path);
    save(fd);
    close(fd);
    return 0;
}

static void walk(const char *path, __nftw_func_t visit) {
    if (nftw(path, visit, 32, FTW_PHYS | FTW_DEPTH) != 0 && (errno != ENOENT || path != root)) fail(path);
}

// --- The interposed calls

static int isWatched(int fd) {
    struct stat status;
    Path path, link;
    if (!*shadow || fstat(fd, &status) < 0 || fcntl(fd, F_GETFL) & O_PATH) return 0;
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return 0;
    ssize_t length = readlink(format(link, "/proc/self/fd/%d", fd), path, sizeof path - 1);
    if (length < 0) fail(link);
    path[length] = 0;
    size_t size = strlen(root);
    return strncmp(path, root, size) == 0 && (path[size] == '/' || path[size] == 0);
}

// The disk itself is left in peace: this machine keeps its power. Called directly, as a symbol may be looked up too early.
static int saveOrForward(int fd, long call) {
    int error = errno, result = 0;
    if (isWatched(fd)) {
        int held = lock();
        save(fd);
        unlock(held);
        errno = error;
    } else {
        errno = error;
        result = (int)syscall(call, fd);
    }
    return result;
}

int fsync(int fd) { return saveOrForward(fd, SYS_fsync); }
int fdatasync(int fd) { return saveOrForward(fd, SYS_fdatasync); }

// All that is below ROOT, in a process of its own: every file is opened and closed, and the POSIX locks are the parent's.
static long saveAllAndForward(long call, int fd) {
    int error = errno, status = 0;
    pid_t child = *shadow ? fork() : -1;
    if (child == 0) {
        lock();
        walk(root, savePath);
        _exit(0);
    }
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    if (*shadow && (child < 0 || status != 0)) fail("sync");
    errno = error;
    return syscall(call, fd);
}

void sync(void) { saveAllAndForward(SYS_sync, 0); }
int syncfs(int fd) { return (int)saveAllAndForward(SYS_syncfs, fd); }

// --- After the cut

static int coin(void) {  // splitmix64
    uint64_t z = randomness += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return (int)(z >> 63);
}

// What was there at the cut: SHADOW/now/ID, a second link to each file, the names of each directory.
static int notePath(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)walk, (void)type;
    ID id;
    Path copy;
    if (!S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode)) return 0;
    int fd = openOrFail(path, O_RDONLY);
    identify(fd, id);
    if (S_ISDIR(status->st_mode)) saveEntries(fd, "now", id);
    else if (link(path, format(copy, "%s/now/%s", shadow, id)) < 0 && errno != EEXIST) fail(path);
    close(fd);
    return 0;
}

// Makes SHADOW/data/ID what the disk holds of a file. Any page may have been written since the last fsync, in any order.
static void settleFile(const char *id, mode_t mode) {
    Path path;
    char page[4096];
    struct stat status;
    int isNew = access(format(path, "%s/data/%s", shadow, id), F_OK) < 0, out = openOrFail(path, O_RDWR | O_CREAT);
    if (isNew && fchmod(out, mode & 07777) < 0) fail(path);
    int in = torn ? open(format(path, "%s/now/%s", shadow, id), O_RDONLY | O_CLOEXEC) : -1;
    if (in >= 0) unlink(path);  // a second name of the file finds it settled
    if (in >= 0 && coin()) {
        ssize_t count;
        int isWhole = coin();
        if (fstat(isWhole || coin() ? in : out, &status) < 0) fail(path);
        for (off_t offset = 0; (count = pread(in, page, sizeof page, offset)) > 0; offset += count)
            if ((isWhole || coin()) && pwrite(out, page, count, offset) != count) fail(path);
        if (count < 0 || ftruncate(out, status.st_size) < 0) fail(path);
    }
    if (in >= 0) close(in);
    close(out);
}

static char *nextString(char **rest) {
    char *string = *rest;
    *rest += strlen(string) + 1;
    return string;
}

// Fills a directory with what the disk holds of it. A second place of the same directory (it was moved, and only one of its parents
// was synced) stays away, else two could hold each other without end.
static void fillDirectory(const char *id, const char *path) {
    Path list, data, place;
    struct stat status;
    format(list, "%s/now/%s", shadow, id);
    if (!torn || access(list, F_OK) < 0 || coin()) format(list, "%s/entries/%s", shadow, id);
    int fd = open(list, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;  // never saved
    if (fstat(fd, &status) < 0) fail(list);
    char *text = malloc(status.st_size + 1), *rest = text, *end = text + status.st_size;
    if (!text || read(fd, text, status.st_size) != status.st_size) fail(list);
    close(fd);
    while (rest < end) {
        mode_t mode = strtoul(nextString(&rest), NULL, 8);
        const char *target = nextString(&rest);
        format(place, "%s/%s", path, nextString(&rest));
        if (S_ISLNK(mode) && symlink(target, place) < 0) fail(place);
        if (S_ISREG(mode)) {
            settleFile(target, mode);
            if (link(format(data, "%s/data/%s", shadow, target), place) < 0) fail(place);
        }
        if (S_ISDIR(mode) && mkdir(format(data, "%s/placed/%s", shadow, target), 0700) == 0) {
            if (mkdir(place, 0700) < 0) fail(place);
            fillDirectory(target, place);
            if (chmod(place, mode & 07777) < 0) fail(place);
        }
    }
    free(text);
}

static int removePath(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status, (void)type;
    if ((walk->level > 0 || strcmp(path, root) != 0) && remove(path) < 0) fail(path);
    return 0;
}

static void restore(void) {
    ID id;
    int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        makeFolder("now"), makeFolder("placed");
        if (torn) walk(root, notePath);
        identify(fd, id);
        walk(root, removePath);
        fillDirectory(id, root);
    }
    walk(shadow, removePath);
}

__attribute__((constructor)) static void start(void) {
    const char *watched = getenv("POWERCUT_ROOT"), *image = getenv("POWERCUT_SHADOW"), *seed = getenv("POWERCUT_TORN");
    if (!watched || !image) return;
    Path ready, alive;
    format(root, "%s", watched), format(shadow, "%s", image), format(ready, "%s/ready", shadow), format(alive, "%s/alive", shadow);
    if (getenv("POWERCUT_RESTORE")) {
        if (access(ready, F_OK) < 0) _exit(69);  // nothing was saved, so nothing may be removed
        // Each process holds this until it has ended. One that was killed takes a moment.
        int fd = openOrFail(alive, O_RDWR), waits = 0;
        while (flock(fd, LOCK_EX | LOCK_NB) < 0) if (usleep(10000), ++waits > 500) fail("a process is still running");
        torn = seed != NULL, randomness = seed ? strtoull(seed, NULL, 10) : 0;
        restore();
        _exit(0);
    }
    makeFolder(""), makeFolder("data"), makeFolder("entries");
    if (flock(openOrFail(alive, O_RDWR | O_CREAT), LOCK_SH) < 0) fail(alive);
    int held = lock();
    if (access(ready, F_OK) < 0) {
        walk(root, savePath);
        close(openOrFail(ready, O_WRONLY | O_CREAT));
    }
    unlock(held);
}
