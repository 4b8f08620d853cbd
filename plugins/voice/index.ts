/** A spoken conversation: recognition, language model and voice, with adapters for each. Import from "echo-head/voice". */
export {
  Conversation,
  type ConversationAgent,
  type ConversationEvents,
  type ConversationOptions,
  type ConversationState,
} from "./conversation.js";
export { OpenAiLanguageModel, type OpenAiLanguageModelOptions } from "./openai-language-model.js";
export { OpenAiRecognizer, type OpenAiRecognizerOptions, type SoundSource } from "./openai-recognizer.js";
export type { OpenAiService } from "./openai-service.js";
export { OpenAiSynthesizer, type OpenAiSynthesizerOptions } from "./openai-synthesizer.js";
export { ProgramSynthesizer, type ProgramSynthesizerOptions } from "./program-synthesizer.js";
export type { HeardSpeech, LanguageModel, SpeechRecognizer, SpeechSynthesizer, SpokenTurn } from "./types.js";
export { WebSpeechRecognizer } from "./web-speech-recognizer.js";
