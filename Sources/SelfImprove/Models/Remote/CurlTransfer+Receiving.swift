import CCurl

/// What comes in, counted against the limits of its call before it is kept.
extension CurlTransfer {
    struct Received {
        fileprivate(set) var headers: [HTTPHeader] = []
        fileprivate(set) var body: [UInt8] = []
        /// Why the transfer was broken off from here.
        fileprivate(set) var failure: HTTPFailure?
        /// When the last byte came; nil before the first one.
        fileprivate(set) var lastByte: Double?
        fileprivate var headerBytes = 0

        /// For the reply after a redirect. Headers go on counting.
        mutating func beginAgain() {
            headers = []
            body = []
            lastByte = nil
        }
    }

    func setReceivers() -> Bool {
        let me = Unmanaged.passUnretained(self).toOpaque()
        let body = ccurl_set_receiver(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            CurlTransfer.taken(bytes, size * count, context) { $0.takeBody($1) }
        }
        let header = ccurl_set_receiver(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            CurlTransfer.taken(bytes, size * count, context) { $0.takeHeader($1) }
        }
        return body == CURLE_OK && header == CURLE_OK && ccurl_set_pointer(easy, CURLOPT_WRITEDATA, me) == CURLE_OK
            && ccurl_set_pointer(easy, CURLOPT_HEADERDATA, me) == CURLE_OK
    }

    /// libcurl breaks a transfer off when fewer bytes were taken than it gave.
    private static func taken(
        _ bytes: UnsafeMutablePointer<CChar>?,
        _ count: Int,
        _ context: UnsafeMutableRawPointer?,
        _ take: (CurlTransfer, UnsafeRawBufferPointer) -> Bool
    ) -> Int {
        guard let context, count > 0 else { return 0 }
        let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
        transfer.received.lastByte = now()
        return take(transfer, UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
    }

    private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= limits.bodyBytes - received.body.count else {
            received.failure = .bodyTooLarge(limits.bodyBytes)
            return false
        }
        received.body.append(contentsOf: bytes)
        return true
    }

    private func takeHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        received.headerBytes += bytes.count
        guard received.headerBytes <= limits.headerBytes else {
            received.failure = .headersTooLarge(limits.headerBytes)
            return false
        }
        if bytes.starts(with: "HTTP/".utf8) {  // of this reply, not of the "100 Continue" before it
            received.headers = []
            return true
        }
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return true }
        let header = HTTPHeader(Self.text(bytes[..<colon]), Self.text(bytes[(colon + 1)...]))
        received.headers.append(header)
        guard Self.isEncodingAllowed(header) else {
            received.failure = .cut("the reply comes in an encoding that was not asked for")
            return false
        }
        return true
    }

    private static func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A }
        let rest = bytes.drop(while: isSpace)
        let end = rest.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? rest.startIndex
        return String(decoding: rest[..<end], as: UTF8.self)
    }

    /// libcurl decodes whatever it can, asked for or not; zstd takes up to 128 MB of memory for it.
    private static func isEncodingAllowed(_ header: HTTPHeader) -> Bool {
        let name = header.name.lowercased()
        guard name == "content-encoding" || name == "transfer-encoding" else { return true }
        return header.value.lowercased().split(separator: ",").allSatisfy { part in
            let word = part.drop { $0 == " " || $0 == "\t" }.prefix { $0 != " " && $0 != "\t" && $0 != ";" }
            return ["gzip", "x-gzip", "deflate", "identity", "chunked", ""].contains(word)
        }
    }
}
