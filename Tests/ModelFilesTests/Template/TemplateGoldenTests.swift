import Foundation
import Testing

@testable import ModelFiles

/// Templates against what transformers made of them (`Tests/Parity/make_template_cases.py`).
@Suite struct TemplateGoldenTests {
    private let golden: TemplateGolden

    init() throws { golden = try TemplateGolden() }

    /// Text and ranges, byte for byte, or that there is an error where transformers has one.
    private func expect(
        _ source: String,
        _ messages: [Message],
        _ add: Bool,
        _ text: String?,
        _ ranges: [[Int]]?,
        _ error: String?,
        _ name: String
    ) {
        do {
            let result = try golden.template(source).renderMarked(messages, addGenerationPrompt: add)
            #expect(Array(result.text.utf8) == text.map { Array($0.utf8) }, "\(name)")
            #expect(result.generated.map { [$0.lowerBound, $0.upperBound] } == ranges, "\(name)")
        } catch let failure as LocalLMError {
            #expect(error != nil, "\(name): \(failure)")
            #expect(failure.code != .unsupported || error == "error", "\(name): \(failure)")
            #expect(
                error != "refused" || failure.description.contains("refuses the conversation"),
                "\(name): \(failure)"
            )
        } catch {
            Issue.record(error)
        }
    }

    @Test func familiesAndTheirTrainingVariantsRenderAsTransformersRendersThem() {
        for template in golden.templates {
            for result in template.results {
                let name = "\(template.name), conversation \(result.conversation), generation prompt: \(result.add)"
                expect(
                    template.template,
                    golden.conversations[result.conversation],
                    result.add,
                    result.text,
                    result.ranges,
                    result.error,
                    name
                )
            }
        }
        #expect(golden.templates.contains { $0.results.contains { $0.ranges?.isEmpty == false } })
    }

    @Test func everySemanticDetailIsTransformers() {
        for mini in golden.minis {
            expect(mini.template, golden.mini_conversation, true, mini.text, mini.ranges, mini.error, mini.template)
        }
        #expect(golden.minis.count > 200)
    }

    @Test func whatIsUnknownIsRefusedByNameAndLine() {
        for source in golden.refused {
            do {
                let text = try golden.template("\n" + source).render(
                    golden.mini_conversation,
                    addGenerationPrompt: false
                )
                Issue.record("\(source) renders as \(text)")
            } catch let error as LocalLMError {
                #expect(error.code == .unsupported && error.description.contains("line "), "\(source): \(error)")
            } catch {
                Issue.record(error)
            }
        }
    }
}
