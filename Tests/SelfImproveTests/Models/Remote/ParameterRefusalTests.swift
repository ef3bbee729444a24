import Testing

@testable import SelfImprove

@Suite struct ParameterRefusalTests {
    private func refused(_ body: String) -> ParameterRefusal? { ParameterRefusal(EndpointErrorBody(Array(body.utf8))) }

    @Test(
        "errors of servers in use name the parameter that they refuse",
        arguments: [
            (
                #"{"error": {"message": "Unsupported parameter: 'seed'", "param": "seed", "code": "unsupported_parameter"}}"#,
                "seed"
            ),
            (
                #"{"error": {"message": "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.", "type": "invalid_request_error", "param": "temperature", "code": "unsupported_value"}}"#,
                "temperature"
            ),
            (
                #"{"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted", "input": 1}]}"#,
                "seed"
            ),
            (
                #"{"object": "error", "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'top_p'), 'msg': 'Extra inputs are not permitted'}]", "code": 400}"#,
                "top_p"
            ),
            (#"{"error": "unknown argument: seed"}"#, "seed"),
            (#"{"error": {"message": "Unrecognized request argument supplied: stop"}}"#, "stop"),
            (#"{"error": "`top_p` must be > 0.0 and < 1.0", "error_type": "validation"}"#, "top_p"),
            (#"{"message": "temperature is not supported by this model"}"#, "temperature"),
            ("unsupported parameter \"stop\"", "stop"),
            (#"{"error": {"message": "Unknown parameter: 'seed'. Allowed: temperature, top_p, max_tokens"}}"#, "seed"),
            (
                #"{"error": {"message": "Unsupported parameter: 'max_tokens' is not supported with this model.", "param": "max_tokens"}}"#,
                "max_tokens"
            ),
        ]
    )
    func named(_ body: String, _ parameter: String) {
        #expect(refused(body)?.parameters.map(\.rawValue) == [parameter])
    }

    @Test("several that are refused in fields of their own are all learnt")
    func several() {
        let body = #"{"detail": [{"loc": ["body", "stop"], "msg": "no"}, {"loc": ["body", "seed"], "msg": "no"}]}"#
        #expect(refused(body)?.parameters == [.seed, .stop])
    }

    @Test(
        "errors about something else name none of them",
        arguments: [
            #"{"error": {"message": "Unsupported parameter: 'messages'", "param": "messages"}}"#,
            #"{"error": {"message": "unknown model: m", "param": "model"}}"#,
            #"{"error": {"message": "max_tokens is too large: 100000. This model supports at most 4096", "param": "max_tokens", "code": "invalid_value"}}"#,
            #"{"error": {"message": "This model's maximum context length is 2048 tokens; max_tokens is not allowed to be 4096"}}"#,
            #"{"error": {"message": "unexpected end, please stop"}}"#, #"{"error": {"message": "bad seed"}}"#,
            #"{"detail": [{"loc": ["body", "messages", 0, "seed"], "msg": "Extra inputs are not permitted"}]}"#,
            "", "{", "[]", "null", "<html>unknown</html>", #"{"error": {"message": "invalid reseed"}}"#,
        ]
    )
    func others(_ body: String) { #expect(refused(body) == nil) }

    @Test("max_tokens is renamed where the error says so, and refused where the new name is refused too")
    func renaming() throws {
        let message =
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        let first = try #require(refused(#"{"error": {"message": "\#(message)", "param": "max_tokens"}}"#))
        var learnt = LearntParameters()
        let isRenamed = learnt.learn(first, sent: LearntParameters())
        #expect(isRenamed)
        #expect(learnt.name(of: .maximumTokens) == "max_completion_tokens")
        let second = try #require(refused(#"{"error": "unknown argument: max_completion_tokens"}"#))
        let sent = learnt
        let isRefused = learnt.learn(second, sent: sent)
        #expect(isRefused)
        #expect(learnt.name(of: .maximumTokens) == nil)
        let last = learnt
        let isMore = learnt.learn(second, sent: last)
        #expect(!isMore, "what was not sent cannot be refused")
    }

    @Test("a call that was under way while another one learnt is worth sending again")
    func together() throws {
        let refusal = try #require(refused(#"{"error": "unknown argument: seed"}"#))
        let sent = LearntParameters()
        var learnt = sent
        let lessons = [learnt.learn(refusal, sent: sent), learnt.learn(refusal, sent: sent)]
        #expect(lessons == [true, true])
        #expect(learnt.refused == [.seed])
    }
}
