import CCurl
import Foundation

/// One call on its way, on the thread of `CurlLoop` alone.
final class CurlTransfer {
    let easy: UnsafeMutableRawPointer
    let continuation: CheckedContinuation<Result<HTTPReply, HTTPFailure>, Never>

    private let call: HTTPCall
    private let origin: CurlURL
    private var list: UnsafeMutablePointer<curl_slist>?
    /// Where libcurl says what went wrong.
    private let words: UnsafeMutablePointer<CChar>
    private let begun = CurlTransfer.now()
    private var redirects = 0

    /// What has come so far: see `CurlTransfer+Receiving.swift`.
    var received = Received()
    var limits: HTTPCall.Limits { call.limits }

    static let mostRedirects = 3

    /// - Throws: `invalid` where the call cannot be sent.
    init(
        _ call: HTTPCall,
        proxy: HTTPSProxy,
        authorities: String?,
        _ continuation: CheckedContinuation<Result<HTTPReply, HTTPFailure>, Never>
    ) throws(HTTPFailure) {
        guard let url = CurlURL(call.url), !url.hasUser else { throw .invalid("the URL cannot be used") }
        guard let easy = curl_easy_init() else { throw .invalid("no memory") }
        self.easy = easy
        self.call = call
        self.continuation = continuation
        origin = url
        words = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
        words.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        guard setOptions(), setProxy(proxy), setAuthorities(authorities), setBody(), setHeaders() else {
            throw .invalid("the call cannot be sent: a header, or an option that this libcurl lacks")
        }
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(list)
        words.deallocate()
    }

    /// Seconds of a clock that nobody sets.
    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    // MARK: Options

    private func set(_ option: CURLoption, _ value: Int) -> Bool { ccurl_set_number(easy, option, value) == CURLE_OK }
    private func set(_ option: CURLoption, _ value: String) -> Bool { ccurl_set_text(easy, option, value) == CURLE_OK }

    private func setOptions() -> Bool {
        let limit = curl_off_t(call.limits.bodyBytes)
        return ccurl_allow_http_only(easy) == CURLE_OK && ccurl_leave_lookups(easy) == CURLE_OK
            && set(CURLOPT_URL, origin.text) && set(CURLOPT_NOSIGNAL, 1) && set(CURLOPT_FOLLOWLOCATION, 0)
            && set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)) && set(CURLOPT_HTTP09_ALLOWED, 0)
            && set(CURLOPT_SSL_VERIFYPEER, 1) && set(CURLOPT_SSL_VERIFYHOST, 2)
            && set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)) && set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
            && set(CURLOPT_CONNECTTIMEOUT_MS, Self.milliseconds(call.timeouts.connect))
            && set(CURLOPT_ACCEPT_ENCODING, "gzip, deflate") && set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
            && set(CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE)) && set(CURLOPT_USERAGENT, "selfimprove")
            && set(CURLOPT_TCP_KEEPALIVE, 1) && ccurl_set_size(easy, CURLOPT_MAXFILESIZE_LARGE, limit) == CURLE_OK
            && ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, words) == CURLE_OK && setReceivers()
    }

    /// Where there is none it is said, or libcurl asks the environment.
    private func setProxy(_ proxy: HTTPSProxy) -> Bool {
        set(CURLOPT_PROXY, proxy.url(for: origin) ?? "") && set(CURLOPT_NOPROXY, proxy.exceptions)
    }

    private func setAuthorities(_ path: String?) -> Bool { path.map { set(CURLOPT_CAINFO, $0) } ?? true }

    private func setBody() -> Bool {
        guard case .post(let body) = call.method else { return set(CURLOPT_HTTPGET, 1) }
        guard set(CURLOPT_POST, 1),
            ccurl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)) == CURLE_OK
        else { return false }
        return body.withUnsafeBytes { bytes in
            let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
            return ccurl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, start) == CURLE_OK
        }
    }

    private func setHeaders() -> Bool {
        // Without the empty one, a body of a megabyte waits a second for a "100 Continue" that few send.
        var lines = ["Expect:"]
        for header in call.headers {
            let line = "\(header.name): \(header.value)"
            guard line.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), !header.name.isEmpty else { return false }
            lines.append(line)
        }
        if let secret = call.secret { lines.append(secret.authorization) }
        for line in lines {
            guard let longer = curl_slist_append(list, line) else { return false }
            list = longer
        }
        return ccurl_set_list(easy, CURLOPT_HTTPHEADER, list) == CURLE_OK
    }

    private static func milliseconds(_ seconds: Double) -> Int { Int(min(max(seconds * 1000, 1), 1e9)) }

    // MARK: Ending

    /// Which of the timeouts has passed.
    func overdue(at now: Double) -> HTTPFailure.Phase? {
        if now - begun > call.timeouts.total { return .total }
        guard let last = received.lastByte else { return now - begun > call.timeouts.firstByte ? .firstByte : nil }
        return now - last > call.timeouts.stall ? .stall : nil
    }

    func result(_ code: CURLcode) -> Result<HTTPReply, HTTPFailure> {
        if let failure = received.failure { return .failure(failure) }
        guard code == CURLE_OK else { return .failure(failure(code)) }
        var status = 0
        ccurl_get_number(easy, CURLINFO_RESPONSE_CODE, &status)
        return .success(HTTPReply(status: status, headers: received.headers, body: received.body))
    }

    private func failure(_ code: CURLcode) -> HTTPFailure {
        let text = words[0] == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: words)
        switch code {
        case CURLE_OPERATION_TIMEDOUT: return .timedOut(.connect)
        case CURLE_FILESIZE_EXCEEDED: return .bodyTooLarge(call.limits.bodyBytes)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_SSL_CONNECT_ERROR:
            return .unreachable(text)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS:
            return .untrusted(text)
        case CURLE_URL_MALFORMAT, CURLE_OUT_OF_MEMORY, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION:
            return .invalid(text)
        default: return .cut(text)
        }
    }

    // MARK: Redirects

    /// Where a reply sends the call; nil where it is none of those that do.
    func redirect(of reply: HTTPReply) -> Result<CurlURL, HTTPFailure>? {
        guard [301, 302, 303, 307, 308].contains(reply.status) else { return nil }
        var text: UnsafeMutablePointer<CChar>?
        guard ccurl_get_text(easy, CURLINFO_REDIRECT_URL, &text) == CURLE_OK, let text else { return nil }
        guard let wanted = CurlURL(String(cString: text)) else { return .failure(.redirected(to: "an unusable URL")) }
        guard wanted.isOfSameOrigin(as: origin), !wanted.hasUser, reply.status != 303, redirects < Self.mostRedirects
        else {
            return .failure(.redirected(to: wanted.originText))
        }
        return .success(wanted)
    }

    func restart(url: CurlURL) -> Bool {
        redirects += 1
        received.beginAgain()
        return set(CURLOPT_URL, url.text)
    }
}
