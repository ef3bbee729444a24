import CCurl

/// A URL as libcurl reads it: what is checked here and what is called there are the same.
struct CurlURL: Sendable, Equatable {
    /// `http` or `https`.
    let scheme: String
    /// In lower case; of an IPv6 address with its brackets.
    let host: String
    let port: Int
    let path: String
    let hasUser: Bool
    let hasQueryOrFragment: Bool
    /// All of it, with a lower-case host and without `.` and `..`.
    let text: String

    private static let longest = 4096

    /// Nil for what is no URL of HTTP, and for what is not plain ASCII.
    init?(_ source: String) {
        guard source.utf8.count <= Self.longest, source.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        guard let url = curl_url() else { return nil }
        defer { curl_url_cleanup(url) }
        guard curl_url_set(url, CURLUPART_URL, source, 0) == CURLUE_OK else { return nil }
        guard let scheme = Self.part(url, CURLUPART_SCHEME), scheme == "http" || scheme == "https",
            let host = Self.part(url, CURLUPART_HOST)?.lowercased(), !host.isEmpty,
            curl_url_set(url, CURLUPART_HOST, host, 0) == CURLUE_OK,
            let port = Self.part(url, CURLUPART_PORT, UInt32(CURLU_DEFAULT_PORT)).flatMap({ Int($0) }), port > 0,
            let text = Self.part(url, CURLUPART_URL)
        else { return nil }
        self.scheme = scheme
        self.host = host
        self.port = port
        self.text = text
        path = Self.part(url, CURLUPART_PATH) ?? "/"
        hasUser = Self.part(url, CURLUPART_USER) != nil || Self.part(url, CURLUPART_PASSWORD) != nil
        hasQueryOrFragment =
            Self.part(url, CURLUPART_QUERY) != nil || Self.part(url, CURLUPART_FRAGMENT) != nil
            || source.utf8.contains(UInt8(ascii: "?")) || source.utf8.contains(UInt8(ascii: "#"))
    }

    private static func part(_ url: OpaquePointer, _ part: CURLUPart, _ flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(url, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }

    func isOfSameOrigin(as other: CurlURL) -> Bool {
        scheme == other.scheme && host == other.host && port == other.port
    }

    /// `https://host:port`, to be shown.
    var originText: String { "\(scheme)://\(host):\(port)" }

    /// By its name: 127.0.0.0/8, ::1, `localhost` and names below it.
    var isLoopback: Bool {
        if host == "localhost" || host.hasSuffix(".localhost") || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
