import Foundation
import SelfImprove
import Synchronization
import Testing
import TestSupport

@testable import Server

@Suite struct AccessTokenTests {
    private static let long = "a token of more than sixteen characters"

    @Test("Only the whole token matches")
    func matching() throws {
        let token = try AccessToken { Self.long }
        #expect(token.matches(Self.long) && token.matches(Self.long[...]))
        for wrong in ["", String(Self.long.dropLast()), Self.long + " ", Self.long.uppercased()] {
            #expect(!token.matches(wrong), "\(wrong)")
        }
    }

    @Test("A token is read from the environment, or from the file that it names")
    func environment() throws {
        #expect(try AccessToken.find([:]) == nil)
        #expect(try AccessToken.find(["SELFIMPROVE_TOKEN": Self.long])?.matches(Self.long) == true)
        #expect(throws: SelfImproveError.self) { try AccessToken.find(["SELFIMPROVE_TOKEN": "too short"]) }
        try withTemporaryDirectory { folder in
            let file = folder.appendingPathComponent("token")
            let environment = [
                "SELFIMPROVE_TOKEN": "ignored, because a file is named", "SELFIMPROVE_TOKEN_FILE": file.path,
            ]
            #expect(throws: SelfImproveError.self) { try AccessToken.find(environment) }
            try "\(Self.long)\n".write(to: file, atomically: true, encoding: .utf8)
            #expect(try AccessToken.find(environment)?.matches(Self.long) == true)
        }
    }

    @Test("A token that cannot be read again leaves the old one in force")
    func reloading() throws {
        final class Source: Sendable { let text = Mutex(AccessTokenTests.long) }
        let source = Source()
        let token = try AccessToken { source.text.withLock { $0 } }
        source.text.withLock { $0 = "short" }
        #expect(throws: SelfImproveError.self) { try token.reload() }
        #expect(token.matches(Self.long) && !token.matches("short"))
        source.text.withLock { $0 = "another token, long enough" }
        try token.reload()
        #expect(token.matches("another token, long enough") && !token.matches(Self.long))
    }
}
