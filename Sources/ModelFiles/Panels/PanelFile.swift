import Foundation

/// Weights as inference reads them, kept in a file beside their model so that the next process maps them instead of
/// packing them again.
///
/// The file lies in `.cache/selfimprove/` of the model's directory, named by a digest of what it was made from and by
/// the precision; it can be deleted at any time, also while it is in use. Its head of one page says the format, the
/// model's files and the number of bytes, and nothing is read from it: a file that is not, byte for byte, headed as it
/// must be, is not exactly as long, or belongs to another user, is another's or broken, and is not used. The panels
/// themselves are trusted as the disk is: reading them to find out would take as long as packing. Only the owner may
/// read them.
package struct PanelFile: Sendable {
    package let url: URL
    private let format: String
    private let identity: String
    /// Of the panels.
    package let count: Int

    /// The panels begin at the second page.
    package static let headCount = 4096
    private static let suffix = ".panels"
    private static let digestCount = 64

    /// - Parameters:
    ///   - directory: of the model.
    ///   - precision: of the panels.
    ///   - format: how they lie in memory, and in which order.
    ///   - identity: the files that they were made from, a hexadecimal digest.
    ///   - count: bytes of the panels.
    package init(directory: URL, precision: String, format: String, identity: String, count: Int) {
        url = directory.appendingPathComponent(".cache", isDirectory: true).appendingPathComponent("selfimprove")
            .appendingPathComponent("\(identity)-\(precision)\(Self.suffix)")
        self.format = format
        self.identity = identity
        self.count = count
    }

    package var head: [UInt8] {
        let text = "selfimprove panels 1\nformat \(format)\nmodel \(identity)\nbytes \(count)\n"
        precondition(text.utf8.count <= Self.headCount, "a head of \(text.utf8.count) bytes")
        return Array(text.utf8) + [UInt8](repeating: 0, count: Self.headCount - text.utf8.count)
    }

    /// Panels in memory: those of a file, or that are going to be one.
    package final class Panels: @unchecked Sendable {
        private let block: UnsafeMutableRawPointer
        private let descriptor: Int32
        package let count: Int
        package var start: UnsafeMutableRawPointer { block + PanelFile.headCount }

        /// Takes the descriptor over.
        fileprivate init?(_ descriptor: Int32, count: Int, isWritten: Bool) {
            let protection = isWritten ? PROT_READ | PROT_WRITE : PROT_READ
            guard let block = mmap(nil, count + PanelFile.headCount, protection, MAP_SHARED, descriptor, 0),
                block != MAP_FAILED
            else {
                close(descriptor)
                return nil
            }
            (self.block, self.descriptor, self.count) = (block, descriptor, count)
        }

        deinit {
            munmap(block, count + PanelFile.headCount)
            close(descriptor)
        }

        fileprivate var path: String { "/proc/self/fd/\(descriptor)" }

        /// To disk, and from here on read-only.
        fileprivate func finish(_ head: [UInt8]) -> Bool {
            head.withUnsafeBytes { block.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
            let length = count + PanelFile.headCount
            return msync(block, length, MS_SYNC) == 0 && fsync(descriptor) == 0
                && mprotect(block, length, PROT_READ) == 0
        }
    }

    /// The panels that are kept; nil where there are none, or none of this model and format.
    package func open() -> Panels? {
        let descriptor = Foundation.open(url.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        var status = stat(), found = [UInt8](repeating: 0, count: Self.headCount)
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_uid == geteuid() || status.st_uid == 0,
            Int(status.st_size) == count + Self.headCount,
            pread(descriptor, &found, found.count, 0) == found.count, found == head
        else {
            close(descriptor)
            return nil
        }
        return Panels(descriptor, count: count, isWritten: false)
    }

    /// Room for panels in a file that has no name yet: a process that ends before `keep` leaves nothing behind. Nil
    /// where the folder cannot be written, or its disk has no room for them twice.
    package func room() -> Panels? {
        let folder = url.deletingLastPathComponent()
        do { try FileManager.default.makeDirectories(folder) } catch { return nil }
        var disk = statvfs()
        guard statvfs(folder.path, &disk) == 0, Int(disk.f_bavail) * Int(disk.f_frsize) / 2 > count else { return nil }
        // O_TMPFILE, which Glibc's module does not export.
        let descriptor = Foundation.open(folder.path, O_RDWR | O_CLOEXEC | 0o20_000_000 | O_DIRECTORY, 0o600)
        guard descriptor >= 0 else { return nil }
        // Pages of a file without blocks would end the process where the disk is full.
        guard posix_fallocate(descriptor, 0, off_t(count + Self.headCount)) == 0 else {
            close(descriptor)
            return nil
        }
        return Panels(descriptor, count: count, isWritten: true)
    }

    /// Gives panels that are complete their name, in the place of any file that is there, and removes those that were
    /// made from earlier files of the model. They can be used whether or not this succeeds.
    @discardableResult
    package func keep(_ panels: Panels) -> Bool {
        guard panels.finish(head) else { return false }
        let folder = url.deletingLastPathComponent()
        let temporary = url.path + ".\(getpid()).tmp"
        unlink(temporary)
        guard linkat(AT_FDCWD, panels.path, AT_FDCWD, temporary, AT_SYMLINK_FOLLOW) == 0 else { return false }
        guard rename(temporary, url.path) == 0 else {
            unlink(temporary)
            return false
        }
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        where isOfEarlierFiles(name) { unlink(folder.appendingPathComponent(name).path) }
        do { try AtomicFile.sync(folder) } catch { return false }
        return true
    }

    /// Whether a file has the form of such a name, with another identity.
    private func isOfEarlierFiles(_ name: String) -> Bool {
        let digest = name.prefix { $0.isHexDigit }
        return digest.count == Self.digestCount && digest != identity[...] && name.hasSuffix(Self.suffix)
    }
}
