# What others gave us. Ephemeral: in neither plan nor state; set them as TF_VAR_… for plan and apply.

variable "services_in_use" {
  description = "Whose credentials there are: groq, openai, cartesia, twilio, telegram, github."
  type        = set(string)

  validation {
    condition     = length(setsubtract(var.services_in_use, ["groq", "openai", "cartesia", "twilio", "telegram", "github"])) == 0
    error_message = "services_in_use takes groq, openai, cartesia, twilio, telegram and github."
  }
}

variable "credentials_version" {
  description = "Raise by one to have changed credentials written to Secret Manager; nobody can see that they changed."
  type        = number
  default     = 1
}

variable "passwords_version" {
  description = "Raise by one to have new passwords made for databases and Redis, and new signing keys."
  type        = number
  default     = 1
}

variable "groq_api_key" {
  description = "Groq's key: the agent's model, and speech recognition."
  type        = string
  default     = ""
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = !contains(var.services_in_use, "groq") || length(var.groq_api_key) >= 8
    error_message = "GROQ_API_KEY is missing: set TF_VAR_groq_api_key, or take groq out of services_in_use."
  }
}

variable "openai_api_key" {
  description = "OpenAI's key: the fallback for model and speech."
  type        = string
  default     = ""
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = !contains(var.services_in_use, "openai") || length(var.openai_api_key) >= 8
    error_message = "OPENAI_API_KEY is missing: set TF_VAR_openai_api_key, or take openai out of services_in_use."
  }
}

variable "cartesia_api_key" {
  description = "Cartesia's key: the voice."
  type        = string
  default     = ""
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = !contains(var.services_in_use, "cartesia") || length(var.cartesia_api_key) >= 8
    error_message = "CARTESIA_API_KEY is missing: set TF_VAR_cartesia_api_key, or take cartesia out of services_in_use."
  }
}

variable "twilio_account_sid" {
  description = "Twilio's account; no secret."
  type        = string
  default     = ""

  validation {
    condition     = !contains(var.services_in_use, "twilio") || can(regex("^AC[0-9a-f]{32}$", var.twilio_account_sid))
    error_message = "TWILIO_ACCOUNT_SID is missing or wrong: set TF_VAR_twilio_account_sid to AC and 32 digits, or take twilio out of services_in_use."
  }
}

variable "twilio_phone_number" {
  description = "Our number at Twilio."
  type        = string
  default     = ""

  validation {
    condition     = !contains(var.services_in_use, "twilio") || can(regex("^\\+[1-9][0-9]{6,14}$", var.twilio_phone_number))
    error_message = "TWILIO_PHONE_NUMBER is missing or wrong: set TF_VAR_twilio_phone_number to a number such as +33123456789."
  }
}

variable "twilio_auth_token" {
  description = "Twilio's token: proves that calls come from Twilio."
  type        = string
  default     = ""
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = !contains(var.services_in_use, "twilio") || length(var.twilio_auth_token) >= 8
    error_message = "TWILIO_AUTH_TOKEN is missing: set TF_VAR_twilio_auth_token, or take twilio out of services_in_use."
  }
}

variable "telegram_bot_token" {
  description = "The bot's token, from @BotFather."
  type        = string
  default     = ""
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = !contains(var.services_in_use, "telegram") || can(regex("^[0-9]+:[A-Za-z0-9_-]+$", var.telegram_bot_token))
    error_message = "TELEGRAM_BOT_TOKEN is missing or wrong: set TF_VAR_telegram_bot_token to 123456:ABC…, or take telegram out of services_in_use."
  }
}

variable "github_token" {
  description = "GitHub's token, for tools of the agents."
  type        = string
  default     = ""
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = !contains(var.services_in_use, "github") || length(var.github_token) >= 8
    error_message = "GITHUB_TOKEN is missing: set TF_VAR_github_token, or take github out of services_in_use."
  }
}

variable "grafana_secret_key" {
  description = "Secret key of an IAM key that may write Cockpit's dashboards (ObservabilityFullAccess); the operator's own will do."
  type        = string
  default     = ""
  sensitive   = true
  ephemeral   = true
}
