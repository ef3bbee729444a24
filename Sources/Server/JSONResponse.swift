import Foundation
import Hummingbird
import ModelFiles

/// JSON of a response: times in ISO 8601.
enum JSONResponse {
    static func text(_ value: some Encodable) throws -> String {
        String(decoding: try JSONLine.bytes(value), as: UTF8.self)
    }

    static func make(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json", .cacheControl: "no-store", .xContentTypeOptions: "nosniff"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: try text(value)))
        )
    }
}
