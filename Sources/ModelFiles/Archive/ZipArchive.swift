import Foundation

/// A zip archive (PKWARE's APPNOTE.TXT), as PyPI's wheels are: entries stored as they are, or deflated.
///
/// Names lead nowhere: an entry is written to where its reader says. Archives beyond 4 GB (zip64), in several parts, or
/// encrypted are refused.
package struct ZipArchive {
    package struct Entry {
        package let name: String
        /// Bytes of the content.
        package let size: Int
        let compressedSize: Int
        let method: UInt16
        let checksum: UInt32
        /// Of its own header in the file.
        let offset: Int
    }

    private static let endSize = 22
    private static let longestComment = 0xFFFF
    private static let deflated: UInt16 = 8
    private static let stored: UInt16 = 0
    /// Deflate's best is 1032.
    private static let mostGrowth = 1040

    private let reader: FileReader
    package let entries: [Entry]

    /// Whether a file begins as an archive does.
    package static func isArchive(_ url: URL) throws -> Bool {
        let reader = try FileReader(url)
        return try reader.size >= endSize && reader.read(4, at: 0) == [0x50, 0x4B, 3, 4]
    }

    package init(_ url: URL) throws {
        reader = try FileReader(url)
        let start = max(0, reader.size - Self.endSize - Self.longestComment)
        let tail = try reader.read(reader.size - start, at: start)
        let end = stride(from: tail.count - Self.endSize, through: 0, by: -1).first {
            tail[$0...].starts(with: [0x50, 0x4B, 5, 6])
        }
        guard let end else { throw LocalLMError(.damaged, "is not a zip archive, or cut off", context: url.path) }
        let (count, size, offset) = tail.withUnsafeBytes {
            (Int($0.word16(end + 10)), Int($0.word32(end + 12)), Int($0.word32(end + 16)))
        }
        guard count < 0xFFFF, offset < 0xFFFF_FFFF else {
            throw LocalLMError(.unsupported, "is a zip archive beyond 4 GB, which is not supported", context: url.path)
        }
        guard offset + size <= start + end else {
            throw LocalLMError(.damaged, "its list of entries lies outside of the file", context: url.path)
        }
        entries = try Self.entries(try reader.read(size, at: offset), count, url)
    }

    private static func entries(_ list: [UInt8], _ count: Int, _ url: URL) throws -> [Entry] {
        var entries: [Entry] = []
        var place = 0
        try list.withUnsafeBytes { list in
            for number in 0..<count {
                let header = 46
                guard place + header <= list.count, list.word32(place) == 0x0201_4B50,
                    case let name = Int(list.word16(place + 28)),
                    case let rest = Int(list.word16(place + 30)) + Int(list.word16(place + 32)),
                    place + header + name + rest <= list.count
                else { throw LocalLMError(.damaged, "entry \(number) of its list is damaged", context: url.path) }
                let text = UnsafeRawBufferPointer(rebasing: list[place + header..<place + header + name])
                entries.append(
                    Entry(
                        name: String(decoding: text, as: UTF8.self),
                        size: Int(list.word32(place + 24)),
                        compressedSize: Int(list.word32(place + 20)),
                        // An encrypted entry is as one of an unknown method.
                        method: list.word16(place + 8) & 1 == 1 ? .max : list.word16(place + 10),
                        checksum: list.word32(place + 16),
                        offset: Int(list.word32(place + 42))
                    )
                )
                place += header + name + rest
            }
        }
        return entries
    }

    /// The only entry whose name ends so.
    package func entry(endingIn suffix: String) throws -> Entry {
        let found = entries.filter { $0.name.lowercased().hasSuffix(suffix) }
        guard let entry = found.first else {
            throw LocalLMError(.input, "holds no \(suffix) file among its \(entries.count)", context: reader.url.path)
        }
        guard found.count == 1 else {
            throw LocalLMError(
                .input,
                "holds \(found.count) \(suffix) files: \(found.map(\.name).joined(separator: ", "))",
                context: reader.url.path,
                hint: "unpack it, and name one"
            )
        }
        return entry
    }

    /// Hands an entry's content to `sink`, piece by piece, and compares it with its size and its checksum at the end.
    package func read(_ entry: Entry, _ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        let place = "\(reader.url.path): \(entry.name)"
        func damaged(_ what: String) -> LocalLMError { LocalLMError(.damaged, what, context: place) }
        let header = 30
        guard entry.offset + header <= reader.size else { throw damaged("lies outside of the file") }
        let start = try reader.read(header, at: entry.offset).withUnsafeBytes { bytes in
            guard bytes.word32(0) == 0x0403_4B50 else { throw damaged("has no header of its own") }
            return entry.offset + header + Int(bytes.word16(26)) + Int(bytes.word16(28))
        }
        guard start + entry.compressedSize <= reader.size else { throw damaged("lies outside of the file") }
        guard entry.size <= entry.compressedSize * Self.mostGrowth else {
            throw damaged("says that it has \(entry.size) bytes, which \(entry.compressedSize) cannot hold")
        }
        var checksum = CyclicRedundancyCheck(), size = 0
        func take(_ bytes: UnsafeRawBufferPointer) throws {
            size += bytes.count
            guard size <= entry.size else { throw damaged("holds more than the \(entry.size) bytes that it says") }
            checksum.add(bytes)
            try sink(bytes)
        }
        let range = start..<start + entry.compressedSize
        switch entry.method {
        case Self.stored: try reader.forEachChunk(of: range, take)
        case Self.deflated:
            var inflater = Inflater(reader, range)
            do { try inflater.run(take) } catch let error as Inflater.Failure { throw damaged(error.description) }
        default:
            throw LocalLMError(
                .unsupported,
                "is encrypted, or compressed by a method that is not supported",
                context: place,
                hint: "unpack the archive, and name the file"
            )
        }
        guard size == entry.size, checksum.value == entry.checksum else {
            throw damaged("is not what the archive says: \(size) of \(entry.size) bytes, or another checksum")
        }
    }
}
