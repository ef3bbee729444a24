import Testing

@testable import SelfImprove

@Suite struct EndpointAddressTests {
    @Test(
        "a base is kept as it is, without slashes at its end and with a host in small letters",
        arguments: [
            ("https://api.openai.com/v1", "https://api.openai.com/v1", "api.openai.com:443"),
            ("http://LocalHost:11434/v1/", "http://localhost:11434/v1", "localhost:11434"),
            ("http://127.0.0.1:8000", "http://127.0.0.1:8000", "127.0.0.1:8000"),
            ("https://[::1]:8443/a/b//", "https://[::1]:8443/a/b", "[::1]:8443"),
            ("HTTPS://Example.com/Path/../v1", "https://example.com/v1", "example.com:443"),
        ]
    )
    func bases(_ text: String, _ base: String, _ host: String) throws {
        let address = try EndpointAddress(text)
        #expect(address.base == base)
        #expect(address.host == host)
        #expect(address.url("/models") == base + "/models")
    }

    @Test(
        "anything else is a fault of the configuration that repeats no password",
        arguments: [
            "", "api.openai.com/v1", "ftp://a/v1", "file:///etc/passwd", "http://", "http:///v1",
            "https://user@host/v1",
            "https://user:hunter2@host/v1", "http://host/v1?key=hunter2", "http://host/v1#hunter2", "http://ho st/",
            "http://host:99999/", "http://host:0/v1", "http://host/\u{202E}", "http://hóst/", "http://host\r\n/",
            "https://host/v1/chat/completions", "https://host/v1/models/", "http://host/v1?", "javascript:alert(1)",
            "http://" + String(repeating: "a", count: 10_000),
        ]
    )
    func faults(_ text: String) {
        let error = #expect(throws: SelfImproveError.self) { try EndpointAddress(text) }
        #expect(error?.code == .configuration)
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test(
        "this machine is known by its names",
        arguments: [
            ("http://localhost:1/", true), ("http://a.localhost/", true), ("http://127.3.2.1/", true),
            ("http://[::1]/", true),
            ("http://127.0.0.1.example.com/", false), ("http://example.com/", false), ("http://10.0.0.1/", false),
        ]
    )
    func loopback(_ text: String, _ expected: Bool) throws {
        #expect(try EndpointAddress(text).isLoopback == expected)
    }

    @Test("a proxy is for https elsewhere, and for nothing else")
    func proxies() throws {
        let proxy = HTTPSProxy(environment: ["HTTPS_PROXY": "http://u:hunter2@proxy:3128", "http_proxy": "http://x"])
        func used(_ text: String) throws -> String? { proxy.url(for: try #require(CurlURL(text))) }
        #expect(try used("https://api.example.com/") != nil)
        #expect(try used("http://api.example.com/") == nil)
        #expect(try used("https://localhost/") == nil)
        #expect(try used("https://127.0.0.1/") == nil)
        #expect(!"\(proxy)".contains("hunter2") && !String(reflecting: proxy).contains("hunter2"))
    }
}
