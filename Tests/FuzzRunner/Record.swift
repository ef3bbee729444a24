import Foundation

/// What a worker has done, in memory that it shares with the supervisor: it stays when the worker crashes.
struct Record {
    struct Figures {
        /// The input that is worked on.
        var number = 0
        var accepted = 0
        var refused = 0
        var unreadable = 0
        var slowestNumber = 0
        var slowestSeconds = 0.0
        var peakKilobytes = 0
        /// Whether the worker came to its end, and if not, the bytes of `words` that say why.
        var isDone = false
        var faultLength = 0

        var count: Int { accepted + refused + unreadable }

        /// These and another's, together.
        mutating func add(_ other: Figures) {
            accepted += other.accepted
            refused += other.refused
            unreadable += other.unreadable
            peakKilobytes = max(peakKilobytes, other.peakKilobytes)
            if other.slowestSeconds > slowestSeconds {
                (slowestSeconds, slowestNumber) = (other.slowestSeconds, other.slowestNumber)
            }
        }
    }

    private static let size = 1 << 13
    private static let wordsOffset = 1 << 12

    let figures: UnsafeMutablePointer<Figures>
    private let words: UnsafeMutableRawBufferPointer

    /// Opens the record at `path`, made of zeros where it is new.
    init(_ path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0, ftruncate(descriptor, off_t(Self.size)) == 0,
            let memory = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), memory != MAP_FAILED
        else { throw Options.Unusable(description: "\(path) cannot be mapped") }
        close(descriptor)
        figures = memory.assumingMemoryBound(to: Figures.self)
        words = UnsafeMutableRawBufferPointer(start: memory + Self.wordsOffset, count: Self.size - Self.wordsOffset)
    }

    /// What a worker gave up for; nil where it has not.
    var fault: String? {
        get {
            figures.pointee.faultLength > 0
                ? String(decoding: words[..<figures.pointee.faultLength], as: UTF8.self) : nil
        }
        nonmutating set {
            let bytes = Array((newValue ?? "").utf8.prefix(words.count))
            words.copyBytes(from: bytes)
            figures.pointee.faultLength = bytes.count
        }
    }

    func unmap() { munmap(figures, Self.size) }
}
