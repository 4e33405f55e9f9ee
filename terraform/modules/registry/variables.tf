variable "name" {
  description = "Name of the namespace; unique in the region."
  type        = string
}
