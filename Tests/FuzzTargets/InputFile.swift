import Foundation

/// A file that is written again for every input, in place: far faster than making a new one.
final class InputFile {
    private let descriptor: Int32

    init(_ url: URL) throws {
        descriptor = open(url.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw FuzzFault("\(url.path) cannot be made") }
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8]) throws {
        guard ftruncate(descriptor, off_t(bytes.count)) == 0, pwrite(descriptor, bytes, bytes.count, 0) == bytes.count
        else {
            throw FuzzFault("an input of \(bytes.count) bytes cannot be written")
        }
    }
}
