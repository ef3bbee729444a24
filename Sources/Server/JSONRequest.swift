import Foundation
import Hummingbird
import SelfImprove

/// The one reader of JSON bodies.
enum JSONRequest {
    /// - Parameter emptyBody: what a request without a body means; nil where it must have one.
    /// - Throws: `.input`, naming the key at fault; 413 for a body beyond `HTTPServer.maximumBody`.
    static func decode<Value: Decodable>(_ type: Value.Type, of request: Request, emptyBody: Value? = nil) async throws
        -> Value
    {
        let body = try await request.body.collect(upTo: HTTPServer.maximumBody)
        if let emptyBody, body.readableBytes == 0 { return emptyBody }
        do { return try JSONDecoder().decode(type, from: Data(buffer: body)) } catch let error as DecodingError {
            throw SelfImproveError(.input, error.words(of: "the body"))
        }
    }
}
